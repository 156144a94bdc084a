import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { freePort } from "./free-port.ts";
import { checkout, Weir } from "./weir-process.ts";

/** What deploy/prometheus and deploy/grafana hold, against a real Prometheus that scrapes a real Weir with traffic. */

const deploy = join(checkout, "deploy");
const skip = existsSync("/usr/bin/promtool")
  ? false
  : "there is no promtool: `npm test -- packages` installs Debian's prometheus";

/** Counters that are there only once something went wrong, or where something is configured or received. */
const faults = /_dropped_|_refused_|_upstream_failures_|weir_export_|weir_otlp_.*_accepted/;

const python = join(checkout, "e2e", ".venv", "bin", "python");

function withoutPython(): string | false {
  try {
    execFileSync(python, ["-c", "import prometheus_client"], { stdio: "ignore" });
    return false;
  } catch {
    return "no prometheus_client: `.ci/run` installs it into e2e/.venv";
  }
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

const dashboards = readdirSync(join(deploy, "grafana", "dashboards")).map(
  (file) => JSON.parse(readFileSync(join(deploy, "grafana", "dashboards", file), "utf8")) as Dashboard,
);

/** Every metric of docs/metrics.md, which a test of its own holds against the code, with the series of histograms. */
const documented = new Set(
  [...readFileSync(join(checkout, "docs", "metrics.md"), "utf8").matchAll(/^\| `([a-z_]+)` \|/gm)].flatMap(
    ([, name = ""]) => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`],
  ),
);

function metricNamesIn(expression: string): string[] {
  const withoutLabels = expression
    .replaceAll(/\{[^}]*\}/g, "")
    .replaceAll(/"[^"]*"/g, "")
    .replaceAll(/\b(by|on|without|ignoring) \([^)]*\)/g, "");
  return [...withoutLabels.matchAll(/(?<![:\w])(?:gen_ai|weir|http_server|process|nodejs)_[a-z_]+/g)].map(
    ([name]) => name,
  );
}

describe("Prometheus", { skip }, () => {
  let weir: Weir;
  let prometheus: RunningPrometheus;

  before(async () => {
    weir = await Weir.start({ arguments: ["--demo"] });
    prometheus = await RunningPrometheus.start(weir.url);
  });
  after(async () => {
    await prometheus?.[Symbol.asyncDispose]();
    await weir?.[Symbol.asyncDispose]();
  });

  test("promtool accepts the configuration, the rules and their unit tests", () => {
    execFileSync("promtool", ["check", "config", join(deploy, "prometheus", "prometheus.yml")], { stdio: "pipe" });
    const tests = readdirSync(join(deploy, "prometheus", "tests")).map((it) => join(deploy, "prometheus", "tests", it));
    execFileSync("promtool", ["test", "rules", ...tests], { stdio: "pipe" });
  });

  test("promtool finds no fault with /metrics but the classic names", async () => {
    const text = await (await fetch(`${weir.url}/metrics`)).text();
    let complaints = "";
    try {
      execFileSync("promtool", ["check", "metrics"], { input: text, stdio: ["pipe", "pipe", "pipe"] });
    } catch (error) {
      complaints = String((error as { stderr: Buffer }).stderr);
    }
    const others = complaints
      .split("\n")
      .filter((line) => line !== "" && !/^(tokens_counter|prompt_tokens|completion_tokens) /.test(line));
    assert.deepEqual(others, []);
  });

  test("Prometheus scrapes OpenMetrics and keeps the exemplars", async () => {
    await prometheus.until("scraped", async () =>
      (await prometheus.query('up{job="weir"}')).some(({ value }) => value === "1"),
    );
    await prometheus.until("an exemplar", async () => {
      const data = await prometheus.get<{ exemplars: { labels: { span_id?: string } }[] }[]>(
        `/api/v1/query_exemplars?query=gen_ai_server_request_duration_seconds_bucket&start=${Date.now() / 1000 - 600}&end=${Date.now() / 1000 + 60}`,
      );
      return data.some(({ exemplars }) => exemplars.some(({ labels }) => /^[0-9a-f]{16}$/.test(labels.span_id ?? "")));
    });
  });

  test("every recording rule has data, and every rule is healthy", async () => {
    interface Rule {
      readonly name: string;
      readonly type: string;
      readonly health: string;
      readonly query: string;
      readonly lastError?: string;
    }
    let rules: Rule[] = [];
    await prometheus.until("evaluated", async () => {
      const { groups } = await prometheus.get<{ groups: { rules: Rule[] }[] }>("/api/v1/rules");
      rules = groups.flatMap((group) => group.rules);
      return rules.length > 30 && rules.every(({ health }) => health !== "unknown");
    });
    assert.deepEqual(
      rules.filter(({ health }) => health !== "ok"),
      [],
    );
    for (const { name } of rules.filter(({ type }) => type === "recording")) {
      await prometheus.until(
        `data of ${name}`,
        async () => (await prometheus.query(`{__name__="${name}"}`)).length > 0,
      );
    }
    const unknown = rules.flatMap(({ query }) => metricNamesIn(query)).filter((name) => !documented.has(name));
    assert.deepEqual(unknown, []);
  });

  for (const { title, panels } of dashboards) {
    test(`dashboard ${title}: every expression is valid, every metric exists, every panel has data`, async () => {
      for (const panel of panels) {
        for (const { expr } of panel.targets ?? []) {
          const names = metricNamesIn(expr);
          assert.deepEqual(
            names.filter((name) => !documented.has(name)),
            [],
            panel.title,
          );
          const asked = expr.replaceAll("$__rate_interval", "1m").replaceAll(/=~"\$\w+"/g, '=~".*"');
          // What counts faults need not have happened; its expression must be valid all the same.
          if (names.some((name) => faults.test(name))) await prometheus.query(asked);
          else
            await prometheus.until(`data of ${panel.title}`, async () =>
              (await prometheus.query(asked)).some(({ value }) => value !== "NaN"),
            );
        }
      }
    });
  }

  test("Python's OpenMetrics parser, which is strict, reads /metrics", { skip: withoutPython() }, async () => {
    const response = await fetch(`${weir.url}/metrics`, { headers: { accept: "application/openmetrics-text" } });
    const script = `
import sys
from prometheus_client.openmetrics.parser import text_fd_to_metric_families as parse
families = list(parse(sys.stdin))
print(len(families), sum(1 for f in families for s in f.samples if s.exemplar))`;
    const counts = execFileSync(python, ["-c", script], { input: await response.text(), encoding: "utf8" });
    const [families = 0, exemplars = 0] = counts.trim().split(" ").map(Number);
    assert.ok(families > 20 && exemplars > 0, counts);
  });
});

/** Prometheus with the configuration and rules of deploy/, but for its target and its pace. */
class RunningPrometheus implements AsyncDisposable {
  readonly #url: string;
  readonly #child: ChildProcess;
  readonly #directory: string;
  #log = "";

  private constructor(url: string, child: ChildProcess, directory: string) {
    this.#url = url;
    this.#child = child;
    this.#directory = directory;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#log = (this.#log + text).slice(-20_000);
    });
  }

  static async start(weirUrl: string): Promise<RunningPrometheus> {
    const directory = mkdtempSync(join(tmpdir(), "weir-prometheus-"));
    cpSync(join(deploy, "prometheus"), directory, { recursive: true });
    const file = join(directory, "prometheus.yml");
    const configuration = readFileSync(file, "utf8")
      .replaceAll("15s", "2s")
      .replace("127.0.0.1:8080", new URL(weirUrl).host);
    writeFileSync(file, configuration);
    const rules = join(directory, "rules", "recording.yml");
    writeFileSync(rules, readFileSync(rules, "utf8").replaceAll("interval: 1m", "interval: 2s"));
    const port = await freePort();
    const child = spawn(
      "prometheus",
      [
        `--config.file=${file}`,
        `--storage.tsdb.path=${join(directory, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--enable-feature=exemplar-storage",
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    const running = new RunningPrometheus(`http://127.0.0.1:${port}`, child, directory);
    await running.until("ready", async () => (await fetch(`${running.#url}/-/ready`)).ok);
    return running;
  }

  async get<Data>(path: string): Promise<Data> {
    const response = await fetch(this.#url + path);
    const body = (await response.json()) as { status: string; data: Data; error?: string };
    if (body.status !== "success") throw new Error(`${path}: ${body.error}`);
    return body.data;
  }

  async query(expression: string): Promise<{ value: string }[]> {
    const path = `/api/v1/query?query=${encodeURIComponent(expression)}`;
    const { result } = await this.get<{ result: { value: [number, string] }[] }>(path);
    return result.map(({ value }) => ({ value: value[1] }));
  }

  async until(what: string, isTrue: () => Promise<boolean>, withinMs = 90_000): Promise<void> {
    const startedMs = performance.now();
    let last: unknown;
    while (performance.now() - startedMs < withinMs) {
      try {
        if (await isTrue()) return;
        last = undefined;
      } catch (error) {
        last = error;
      }
      await new Promise((done) => setTimeout(done, 250));
    }
    throw new Error(`Not ${what} within ${withinMs} ms. ${last ?? ""}\n${this.#log.slice(-2000)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
