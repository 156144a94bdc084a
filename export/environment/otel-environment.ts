import { type ExportedSignal, exportedSignals } from "../config.ts";

/** A setting that an OTEL_* variable makes, by its path in the configuration. */
interface OtelSetting {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly variable: string;
}

export interface OtelSettings {
  readonly settings: readonly OtelSetting[];
  /** Variables whose value Weir cannot follow. As the specification asks, they are told and otherwise ignored. */
  readonly ignored: readonly { readonly variable: string; readonly reason: string }[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the environment variables of OpenTelemetry's specification. Without an endpoint and without a named exporter
 * nothing is exported: variables that are merely set for other programs of the machine start nothing.
 */
export function readOtelEnvironment(environment: Environment): OtelSettings {
  const reader = new OtelReader(environment);
  if (reader.boolean("OTEL_SDK_DISABLED") === true) {
    return { settings: [{ path: ["export", "destinations"], value: {}, variable: "OTEL_SDK_DISABLED" }], ignored: [] };
  }
  reader.readResource();
  for (const signal of exportedSignals) reader.readExporters(signal);
  reader.readProcessing();
  reader.readConventions();
  return { settings: reader.settings, ignored: reader.ignored };
}

const protocols: Readonly<Record<string, string>> = {
  "http/protobuf": "http/protobuf",
  "http/json": "http/json",
  grpc: "grpc",
};

class OtelReader {
  readonly settings: OtelSetting[] = [];
  readonly ignored: { variable: string; reason: string }[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** An empty variable is an unset one. */
  text(variable: string): string | undefined {
    const text = this.#environment[variable]?.trim();
    return text === "" ? undefined : text;
  }

  boolean(variable: string): boolean | undefined {
    const text = this.text(variable)?.toLowerCase();
    if (text === undefined) return undefined;
    if (text !== "true" && text !== "false") this.#ignore(variable, "it is neither true nor false");
    return text === "true";
  }

  readResource(): void {
    const attributes = this.#pairs("OTEL_RESOURCE_ATTRIBUTES");
    const { "service.name": serviceName, ...others } = attributes ?? {};
    if (Object.keys(others).length > 0) this.#set("OTEL_RESOURCE_ATTRIBUTES", ["resourceAttributes"], others);
    const named = this.text("OTEL_SERVICE_NAME");
    if (named !== undefined) this.#set("OTEL_SERVICE_NAME", ["serviceName"], named);
    else if (serviceName) this.#set("OTEL_RESOURCE_ATTRIBUTES", ["serviceName"], serviceName);
  }

  readExporters(signal: ExportedSignal): void {
    const variable = `OTEL_${signal.toUpperCase()}_EXPORTER`;
    const hasEndpoint = this.#ofSignal(signal, "ENDPOINT") !== undefined;
    const named = this.text(variable) ?? (hasEndpoint ? "otlp" : "none");
    for (const name of new Set(named.split(",").map((it) => it.trim().toLowerCase()))) {
      if (name === "otlp") this.#addOtlp(signal);
      else if (name === "console" || name === "logging") this.#addConsole(signal, variable);
      // `/metrics` is always there.
      else if (name !== "none" && !(name === "prometheus" && signal === "metrics")) {
        this.#ignore(variable, `Weir has no exporter \`${name}\``);
      }
    }
  }

  readProcessing(): void {
    this.#number("OTEL_BSP_SCHEDULE_DELAY", ["delayMs"]);
    this.#number("OTEL_BLRP_SCHEDULE_DELAY", ["logDelayMs"]);
    this.#number("OTEL_BSP_MAX_QUEUE_SIZE", ["queueLimit"]);
    this.#number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", ["batchLimit"]);
    this.#number("OTEL_METRIC_EXPORT_INTERVAL", ["metricIntervalMs"]);
    this.#word("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", ["metricTemporality"], {
      cumulative: "cumulative",
      delta: "delta",
      lowmemory: "delta",
    });
    this.#word("OTEL_TRACES_SAMPLER", ["sampler"], {
      always_on: "always_on",
      always_off: "always_off",
      traceidratio: "traceidratio",
      parentbased_always_on: "parentbased_always_on",
      parentbased_always_off: "parentbased_always_off",
      parentbased_traceidratio: "parentbased_traceidratio",
    });
    const ratio = this.text("OTEL_TRACES_SAMPLER_ARG");
    if (ratio !== undefined && this.text("OTEL_TRACES_SAMPLER")?.endsWith("traceidratio")) {
      if (Number(ratio) >= 0 && Number(ratio) <= 1) {
        this.#set("OTEL_TRACES_SAMPLER_ARG", ["samplerRatio"], Number(ratio));
      } else this.#ignore("OTEL_TRACES_SAMPLER_ARG", "it is not a number from 0 to 1");
    }
    this.#word("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", ["content"], {
      true: "span",
      span_only: "span",
      event_only: "event",
      span_and_event: "span_and_event",
      false: "none",
      no_content: "none",
    });
  }

  /** `category` asks for the new names, `category/dup` for the new ones beside the old ones. */
  readConventions(): void {
    const variable = "OTEL_SEMCONV_STABILITY_OPT_IN";
    for (const word of (this.text(variable) ?? "").split(",").map((it) => it.trim())) {
      if (word === "http") this.#setAt(variable, ["metrics", "httpConventions"], "stable");
      else if (word === "http/dup") this.#setAt(variable, ["metrics", "httpConventions"], "both");
      else if (word === "gen_ai_latest_experimental") this.#setAt(variable, ["metrics", "genAiConventions"], "latest");
      else if (word === "gen_ai_latest_experimental/dup") {
        this.#setAt(variable, ["metrics", "genAiConventions"], "both");
      }
    }
  }

  #addConsole(signal: ExportedSignal, variable: string): void {
    this.#set(variable, ["destinations", `otel-${signal}-console`], { type: "console", signals: [signal] });
  }

  #addOtlp(signal: ExportedSignal): void {
    const spoken = this.#ofSignal(signal, "PROTOCOL")?.value ?? "http/protobuf";
    const protocol = protocols[spoken.toLowerCase()];
    if (protocol === undefined) {
      this.#ignore(this.#ofSignal(signal, "PROTOCOL")?.variable ?? "", "it is no protocol of OTLP");
      return;
    }
    const endpoint = this.#endpoint(signal, protocol === "grpc");
    if (endpoint === undefined) return;
    const name = ["destinations", `otel-${signal}`];
    const variable = endpoint.variable;
    this.#set(variable, name, {
      endpoint: endpoint.url,
      isFullEndpoint: endpoint.isFull,
      protocol,
      signals: [signal],
      headers: this.#headers(signal),
      compression: this.#compression(signal),
      ...this.#timeout(signal),
      ...this.#files(signal),
    });
  }

  #endpoint(signal: ExportedSignal, isGrpc: boolean): { url: string; isFull: boolean; variable: string } | undefined {
    const given = this.#ofSignal(signal, "ENDPOINT");
    const fallback = isGrpc ? "http://localhost:4317" : "http://localhost:4318";
    const { value, variable } = given ?? { value: fallback, variable: `OTEL_${signal.toUpperCase()}_EXPORTER` };
    const hasScheme = /^https?:\/\//i.test(value);
    // A gRPC target may come as `host:port`; whether it is insecure is then told apart.
    const scheme = this.#ofSignal(signal, "INSECURE")?.value.toLowerCase() === "true" ? "http" : "https";
    const url = hasScheme || !isGrpc ? value : `${scheme}://${value}`;
    if (!URL.canParse(url) || !/^https?:/i.test(url)) {
      this.#ignore(variable, "it is no URL of a collector");
      return undefined;
    }
    return { url, isFull: variable === `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`, variable };
  }

  #headers(signal: ExportedSignal): Record<string, string> {
    const variable = this.#ofSignal(signal, "HEADERS")?.variable;
    return variable === undefined ? {} : (this.#pairs(variable) ?? {});
  }

  #compression(signal: ExportedSignal): string {
    const given = this.#ofSignal(signal, "COMPRESSION");
    if (given === undefined) return "none";
    if (given.value === "gzip" || given.value === "none") return given.value;
    this.#ignore(given.variable, "it is neither gzip nor none");
    return "none";
  }

  #timeout(signal: ExportedSignal): { timeoutMs?: number } {
    const given = this.#ofSignal(signal, "TIMEOUT");
    if (given === undefined) return {};
    const timeoutMs = Number(given.value);
    if (Number.isInteger(timeoutMs) && timeoutMs > 0) return { timeoutMs };
    this.#ignore(given.variable, "it is not a number of milliseconds");
    return {};
  }

  #files(signal: ExportedSignal): Record<string, string> {
    const files: Record<string, string> = {};
    for (const [name, setting] of [
      ["CERTIFICATE", "certificateAuthorityFile"],
      ["CLIENT_CERTIFICATE", "clientCertificateFile"],
      ["CLIENT_KEY", "clientKeyFile"],
    ] as const) {
      const value = this.#ofSignal(signal, name)?.value;
      if (value !== undefined) files[setting] = value;
    }
    return files;
  }

  /** The signal's own variable wins over the one for all signals. */
  #ofSignal(signal: ExportedSignal, name: string): { value: string; variable: string } | undefined {
    for (const variable of [`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${name}`, `OTEL_EXPORTER_OTLP_${name}`]) {
      const value = this.text(variable);
      if (value !== undefined) return { value, variable };
    }
    return undefined;
  }

  /** `key=value,key=value`, each percent-encoded. */
  #pairs(variable: string): Record<string, string> | undefined {
    const text = this.text(variable);
    if (text === undefined) return undefined;
    const pairs: Record<string, string> = {};
    for (const pair of text.split(",")) {
      const at = pair.indexOf("=");
      if (pair.trim() === "") continue;
      const key = decoded(pair.slice(0, at).trim());
      const value = decoded(pair.slice(at + 1).trim());
      if (at < 1 || key === undefined || value === undefined) {
        this.#ignore(variable, "it is not a list of `key=value`");
        return undefined;
      }
      pairs[key] = value;
    }
    return pairs;
  }

  #number(variable: string, path: readonly string[]): void {
    const text = this.text(variable);
    if (text === undefined) return;
    const number = Number(text);
    if (Number.isInteger(number) && number > 0) this.#set(variable, path, number);
    else this.#ignore(variable, "it is not a whole number above 0");
  }

  #word(variable: string, path: readonly string[], words: Readonly<Record<string, string>>): void {
    const text = this.text(variable)?.toLowerCase();
    if (text === undefined) return;
    const meant = Object.hasOwn(words, text) ? words[text] : undefined;
    if (meant === undefined) this.#ignore(variable, `it is none of ${Object.keys(words).join(", ")}`);
    else this.#set(variable, path, meant);
  }

  #set(variable: string, path: readonly string[], value: unknown): void {
    this.#setAt(variable, ["export", ...path], value);
  }

  #setAt(variable: string, path: readonly string[], value: unknown): void {
    this.settings.push({ path, value, variable });
  }

  #ignore(variable: string, reason: string): void {
    this.ignored.push({ variable, reason });
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
