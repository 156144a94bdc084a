/** Spans that come in while questions are asked, through the receivers of a Weir of real processes. */
import { setTimeout as sleep } from "node:timers/promises";
import { apiPaths } from "@weir/api/contract";
import { Weir } from "@weir/e2e/weir-process.ts";
import { silentTelemetry } from "@weir/model";
import { openStore, type Store } from "@weir/storage";
import { type SendResult, startOtlpLoad } from "./otlp-load.ts";

export interface ArrivalsOptions {
  /** Of the engine that has the tables. */
  readonly access: { readonly url: string; readonly username: string; readonly password: string };
  readonly tables: Store;
  /** The one that the spans come to. */
  readonly project: string;
  readonly spansPerSecond: number;
}

/** Disposing of them ends Weir and forgets what came in. */
export interface Arrivals extends AsyncDisposable {
  /** Where the API of that Weir answers, and a key of the project for it. */
  readonly address: string;
  readonly apiKey: string;
  /** How many of those that came in can be read. */
  storedSpans(): Promise<number>;
  /** Ends the sending and tells what was taken. */
  end(): Promise<SendResult>;
}

const database = "bench_arrivals";
const headStartMs = 10_000;
const longestSeconds = 6 * 3600;

/**
 * Starts a Weir over copies of the tables and sends it spans. The copies are hard links to the same parts, so that
 * nothing of what comes in is left in the tables themselves. Resolves when spans have come in for ten seconds.
 */
export async function startArrivals(options: ArrivalsOptions): Promise<Arrivals> {
  await using opened = new AsyncDisposableStack();
  opened.defer(() => dropCopies(options.tables));
  await copyTables(options);
  const weir = opened.use(await startWeir(options));
  const apiKey = await createKey(weir, options.project);
  const load = startOtlpLoad({
    url: weir.otlpHttpUrl,
    apiKey,
    kind: "protobuf",
    connections: 8,
    spansPerExport: 500,
    seconds: longestSeconds,
    spansPerSecond: options.spansPerSecond,
  });
  const storedSpans = async () => {
    const [counted] = await options.tables.query<{ n: number }>(
      `SELECT (SELECT count() FROM ${database}.spans) - (SELECT count() FROM spans) AS n`,
    );
    return counted?.n ?? 0;
  };
  const end = () => {
    load.stop();
    return load.result;
  };
  opened.defer(() => end().then(() => {}));
  await sleep(headStartMs);
  const started = opened.move();
  return { address: weir.url, apiKey, storedSpans, end, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

async function copyTables({ access, tables }: ArrivalsOptions): Promise<void> {
  await dropCopies(tables);
  await using copies = openStore({ ...access, database, telemetry: silentTelemetry });
  await copies.migrate();
  const filled = await tables.query<{ name: string }>(
    `SELECT name FROM system.tables WHERE database = {from:String} AND engine LIKE '%MergeTree' AND total_rows > 0
       AND name NOT IN (SELECT name FROM system.tables WHERE database = {to:String} AND total_rows > 0)`,
    { from: tables.database, to: database },
  );
  for (const { name } of filled) {
    await copies.command(`ALTER TABLE ${name} ATTACH PARTITION ALL FROM ${tables.database}.${name}`);
  }
}

async function dropCopies(tables: Store): Promise<void> {
  await tables.command(`DROP DATABASE IF EXISTS ${database} SYNC`);
}

function startWeir({ access }: ArrivalsOptions): Promise<Weir> {
  const url = Object.assign(new URL(access.url), { username: access.username, password: access.password });
  return Weir.start({
    environment: {
      WEIR_CLICKHOUSE_URL: url.href,
      WEIR_CLICKHOUSE_DATABASE: database,
      WEIR_API_RATE_LIMIT_PER_ADDRESS_PER_MINUTE: "1000000",
      WEIR_API_RATE_LIMIT_PER_CALLER_PER_MINUTE: "1000000",
    },
  });
}

/** A key of the project that the receivers know. */
async function createKey(weir: Weir, project: string): Promise<string> {
  const post = async <Body>(path: string, body: object): Promise<Body> =>
    weir.json<Body>(path, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${weir.ownerKey()}` },
      body: JSON.stringify(body),
    });
  await post(apiPaths.projects, { id: project, name: "Bench" });
  const { secret } = await post<{ secret: string }>(apiPaths.keys, { name: "bench", project_id: project });
  await weir.until("taking the key", 30_000, async () => {
    const response = await fetch(`${weir.otlpHttpUrl}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf", "x-api-key": secret },
    });
    return response.ok;
  });
  return secret;
}
