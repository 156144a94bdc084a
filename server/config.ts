import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { readOtelEnvironment } from "@weir/export";
import { providerIds } from "@weir/gateway";
import { CodedError, editDistance, nearestWord } from "@weir/model";
import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type YAMLMap } from "yaml";
import type { z } from "zod";
import { type WeirConfig, weirConfig } from "./config-schema.ts";
import { type Setting, settingsOf } from "./config-settings.ts";

export interface ConfigSources {
  /** The file to read. Without it `weir.yaml` in `directory` is read, when there is one. */
  readonly file?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
}

/** Variables that are read by others than the configuration: tests, where the configuration itself is, and the master key. */
const otherVariables = /^WEIR_(CONFIG$|MASTER_KEY$|TEST_|E2E_|BENCH_|DEMO_)/;
const providerVariable = /^WEIR_([A-Z][A-Z0-9_]*)_BASE_URL$/;

const settings = settingsOf(weirConfig);
const settingByVariable = new Map(settings.flatMap((it) => (it.variable ? [[it.variable, it] as const] : [])));
const settingByPath = new Map(settings.map((it) => [it.path.join("."), it]));

/**
 * Reads file and environment, the environment winning, and checks the whole. Throws CONFIG_INVALID whose message has
 * one line for each problem: where it is, what is wrong, what to do.
 */
export function loadConfig(sources: ConfigSources): WeirConfig {
  const origins = new Origins();
  const raw: Record<string, unknown> = {};
  const file = sources.file ?? defaultFile(sources.directory);
  if (file !== undefined) readFile(file, raw, origins);
  readOtelVariables(sources.environment, raw, origins);
  readEnvironment(sources.environment, raw, origins);
  const parsed = weirConfig.safeParse(raw);
  if (!parsed.success) for (const issue of parsed.error.issues) addIssue(issue, raw, origins);
  if (origins.problems.length > 0 || !parsed.success) {
    throw new CodedError("CONFIG_INVALID", origins.problems.join("\n"));
  }
  return withAbsolutePaths(parsed.data, sources.directory);
}

/** So that they mean the same to every process, wherever it is started. */
function withAbsolutePaths(config: WeirConfig, directory: string): WeirConfig {
  const absolute = (file: string | undefined) => (file === undefined ? undefined : resolve(directory, file));
  const tls = { certFile: absolute(config.tls.certFile), keyFile: absolute(config.tls.keyFile) };
  return { ...config, dataDir: resolve(directory, config.dataDir), tls };
}

function defaultFile(directory: string): string | undefined {
  const file = resolve(directory, "weir.yaml");
  return existsSync(file) ? file : undefined;
}

/** Remembers where each value came from, and collects the problems. */
class Origins {
  readonly problems: string[] = [];
  readonly #variables = new Map<string, string>();
  #locate: (path: readonly PropertyKey[], key?: string) => string | undefined = () => undefined;

  setVariable(path: readonly string[], variable: string): void {
    this.#variables.set(path.join("."), variable);
  }

  setFile(locate: (path: readonly PropertyKey[], key?: string) => string | undefined): void {
    this.#locate = locate;
  }

  of(path: readonly PropertyKey[], key?: string): string {
    const variable = this.#variables.get(path.join("."));
    return variable ?? this.#locate(path, key) ?? "configuration";
  }

  isVariable(path: readonly PropertyKey[]): boolean {
    return this.#variables.has(path.join("."));
  }
}

function readFile(file: string, into: Record<string, unknown>, origins: Origins): void {
  const name = file.split("/").at(-1) ?? file;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    origins.problems.push(`${file}: cannot be read: ${(error as Error).message}. Check the path and its permissions.`);
    return;
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  for (const error of document.errors) {
    const { line } = lines.linePos(error.pos[0]);
    origins.problems.push(`${name}:${line}: is not YAML: ${error.message}. Correct this line.`);
  }
  if (document.errors.length > 0 || document.contents === null) return;
  if (!isMap(document.contents)) {
    origins.problems.push(`${name}:1: must be settings, one a line, such as \`port: 8080\`.`);
    return;
  }
  const contents: YAMLMap = document.contents;
  origins.setFile((path, key) => {
    const offset = offsetOf(contents, path, key);
    return offset === undefined ? undefined : `${name}:${lines.linePos(offset).line}`;
  });
  Object.assign(into, document.toJS());
}

/** Where a path (and a key in it) is in the document; the nearest thing around it when it is not there. */
function offsetOf(contents: YAMLMap, path: readonly PropertyKey[], key: string | undefined): number | undefined {
  const keys = [...path.map(String), ...(key === undefined ? [] : [key])];
  let inner: unknown = contents;
  let offset: number | undefined;
  for (const part of keys) {
    if (isSeq(inner)) {
      inner = inner.items[Number(part)];
      if (isNode(inner)) offset = inner.range?.[0] ?? offset;
      continue;
    }
    if (!isMap(inner)) break;
    const pair = inner.items.find((item) => isScalar(item.key) && String(item.key.value) === part);
    if (pair === undefined) break;
    if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
    inner = pair.value;
  }
  return offset;
}

function readEnvironment(environment: ConfigSources["environment"], into: Record<string, unknown>, origins: Origins) {
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith("WEIR_") || text === undefined || text === "" || otherVariables.test(variable)) continue;
    const setting = settingByVariable.get(variable);
    const provider = setting === undefined ? providerOf(variable) : undefined;
    const path = setting?.path ?? (provider === undefined ? undefined : ["providers", provider, "baseUrl"]);
    if (path === undefined) {
      origins.problems.push(unknownVariable(variable));
      continue;
    }
    setAt(into, path, setting === undefined ? text : coerce(text, setting));
    origins.setVariable(path, variable);
  }
}

/** OpenTelemetry's own variables. What Weir cannot follow of them is no problem of its configuration. */
function readOtelVariables(environment: ConfigSources["environment"], into: Record<string, unknown>, origins: Origins) {
  for (const { path, value, variable } of readOtelEnvironment(environment).settings) {
    setAt(into, path, value);
    origins.setVariable(path, variable);
  }
}

/** The provider that `WEIR_<PROVIDER>_BASE_URL` names: a known one, or a new one whose name resembles none. */
function providerOf(variable: string): string | undefined {
  const name = providerVariable.exec(variable)?.[1]?.toLowerCase();
  if (name === undefined) return undefined;
  const known = providerIds.find((id) => id.replaceAll("-", "_") === name);
  if (known !== undefined) return known;
  const isTypo = providerIds.some((id) => editDistance(id.replaceAll("-", "_"), name) <= 2 && name.length > 4);
  return isTypo ? undefined : name;
}

function unknownVariable(variable: string): string {
  const providers = providerIds.map((id) => `WEIR_${id.replaceAll("-", "_").toUpperCase()}_BASE_URL`);
  const meant = nearestWord(variable, [...settingByVariable.keys(), ...providers]);
  const fix = meant === undefined ? "Remove it; docs/configuration.md lists the variables." : `Did you mean ${meant}?`;
  return `${variable}: there is no such variable. ${fix}`;
}

function coerce(text: string, setting: Setting): unknown {
  if (setting.type === "number") return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
  if (setting.type === "boolean") {
    return /^(true|1|yes|on)$/i.test(text) ? true : /^(false|0|no|off)$/i.test(text) ? false : text;
  }
  if (setting.type === "list") return text.split(",").map((item) => item.trim());
  return text;
}

function setAt(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let object = target;
  for (const part of path.slice(0, -1)) {
    const inner = object[part];
    if (typeof inner === "object" && inner !== null) object = inner as Record<string, unknown>;
    else {
      const created: Record<string, unknown> = {};
      object[part] = created;
      object = created;
    }
  }
  object[path.at(-1) ?? ""] = value;
}

function addIssue(issue: z.core.$ZodIssue, raw: unknown, origins: Origins): void {
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) origins.problems.push(unknownKey(issue.path, key, origins));
    return;
  }
  const where = origins.of(issue.path);
  const name = origins.isVariable(issue.path) ? "" : `\`${issue.path.join(".")}\` `;
  origins.problems.push(`${where}: ${name}${complaint(issue, raw)}. ${remedy(issue.path, origins)}`);
}

function unknownKey(path: readonly PropertyKey[], key: string, origins: Origins): string {
  const prefix = path.length === 0 ? "" : `${path.join(".")}.`;
  const siblings = new Set<string>();
  for (const it of settings) {
    if (path.every((part, index) => it.path[index] === part)) siblings.add(it.path[path.length] ?? "");
  }
  const meant = nearestWord(key, siblings);
  const fix = meant ? `Did you mean \`${prefix}${meant}\`?` : "Remove it; docs/configuration.md lists the settings.";
  return `${origins.of(path, key)}: there is no setting \`${prefix}${key}\`. ${fix}`;
}

function complaint(issue: z.core.$ZodIssue, raw: unknown): string {
  const given = valueAt(raw, issue.path);
  const isSecret =
    settingByPath.get(issue.path.join("."))?.isSecret ??
    /url|endpoint|headers|secret|key|password|token/i.test(issue.path.map(String).join("."));
  const shown = isSecret || given === undefined ? "" : `, not ${JSON.stringify(given)}`;
  const unit = (origin: string) => (origin === "string" ? " characters" : "");
  switch (issue.code) {
    case "invalid_type":
      return `must be ${article(issue.expected)}${shown}`;
    case "invalid_value":
      return `must be one of ${issue.values.map(String).join(", ")}${shown}`;
    case "too_small":
      return `must be at least ${issue.minimum}${unit(issue.origin)}${shown}`;
    case "too_big":
      return `must be at most ${issue.maximum}${unit(issue.origin)}${shown}`;
    case "invalid_format":
      return `must be ${formatName(issue.format, issue.path.join("."))}${shown}`;
    case "invalid_key":
      return "is not a possible name";
    default:
      return `is wrong: ${issue.message}`;
  }
}

function article(expected: string): string {
  const names: Record<string, string> = {
    int: "a whole number",
    number: "a number",
    string: "text",
    boolean: "true or false",
    object: "a group of settings",
    record: "a group of settings",
    array: "a list",
  };
  return names[expected] ?? expected;
}

function formatName(format: string, setting: string): string {
  const url = setting === "postgres.url" ? "postgres://user:password@host/database" : "http://host:port";
  const names: Record<string, string> = { url: `a URL such as ${url}`, email: "an e-mail address" };
  return names[format] ?? "in the right form";
}

function remedy(path: readonly PropertyKey[], origins: Origins): string {
  const setting = settingByPath.get(path.join("."));
  const unset = origins.isVariable(path) ? "unset the variable" : "remove the line";
  if (setting?.choices !== undefined || setting?.defaultValue !== undefined) {
    return `Correct it, or ${unset} for the default, ${JSON.stringify(setting.defaultValue)}.`;
  }
  return `Correct it or ${unset}.`;
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let value = raw;
  for (const part of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[part];
  return typeof value === "object" ? undefined : value;
}
