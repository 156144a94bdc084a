import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { seeded } from "./seeded.ts";
import { type SentCall, SteadyLoad } from "./steady-load.ts";
import { kill, Program, type Role, Weir } from "./weir-process.ts";

export interface KillRunOptions {
  readonly kills: number;
  readonly seed: number;
  readonly callsPerSecond: number;
  /** Kill these, each time; without it each role alone and then together, in turn. */
  readonly only?: readonly Role[];
  readonly log: (line: string) => void;
  /** What is asked of a call's times; by default what is promised, which a machine that is busy otherwise may miss. */
  readonly margins?: KillMargins;
}

export interface KillMargins {
  /** A call's row is durable this long after its last byte. */
  readonly recordedMs: number;
  /** A call is announced this long after its beginning. */
  readonly announcedMs: number;
}

interface StoredCall {
  readonly user_id: string;
  readonly status: string;
}

interface EngineAccess {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

/** One blow: which roles, when. */
interface Blow {
  readonly roles: readonly Role[];
  readonly atMs: number;
  /** When everything was ready again. */
  readyMs: number;
}

export interface KillReport {
  readonly sent: number;
  readonly answered: number;
  readonly recorded: number;
  readonly interrupted: number;
  /** Answered long enough before every blow at the gateway, and not there. */
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  /** Under way at a blow at the gateway, and without a row. */
  readonly forgotten: readonly string[];
  /** Failed although the gateway was alive. */
  readonly failedWithoutCause: readonly string[];
  readonly retried: number;
}

/** Whom to kill: each alone, then together. The first kills of a run go through this list in turn. */
const targets: readonly (readonly Role[])[] = [
  ["engine"],
  ["gateway"],
  ["core"],
  ["supervisor"],
  ["ingest"],
  ["gateway", "core"],
  ["supervisor", "gateway", "ingest", "core", "engine"],
  ["core", "engine"],
  ["supervisor", "gateway"],
  ["gateway", "engine"],
  ["supervisor", "core"],
];

/** Promise 1 of docs/architecture.md. */
const promised: KillMargins = { recordedMs: 100, announcedMs: 250 };

/**
 * Kills Weir's processes with -9 at random moments under load, then holds what clients saw against what is recorded.
 */
export async function killRun(options: KillRunOptions): Promise<KillReport> {
  await using instant = await Program.start("bench/instant-upstream.ts");
  await using slow = await Program.start("demo/mock-provider.ts");
  await using weir = await Weir.start({
    upstream: instant.url,
    environment: { WEIR_ANTHROPIC_BASE_URL: slow.url, WEIR_LOG_LEVEL: "info" },
    readyWithinMs: 120_000,
  });
  const session = `kill-${options.seed}`;
  const load = new SteadyLoad({ url: weir.url, session, callsPerSecond: options.callsPerSecond, streamsPerSecond: 4 });
  const blows: Blow[] = [];
  const random = seeded(options.seed);
  load.start();
  for (let number = 0; number < options.kills; number++) {
    await sleep(1000 + random() * 2500);
    const roles = options.only ?? targets[number % targets.length] ?? ["engine"];
    blows.push(await strike(weir, roles, random, options.log));
  }
  await sleep(1500);
  await load.stop();
  try {
    const found = await report({ weir, calls: load.calls, blows, session, margins: promised, ...options });
    if (found.lost.length > 0) options.log(`Weir's output:\n${weir.output}`);
    return found;
  } catch (error) {
    throw new Error(`The calls could not be read back. Weir's output:\n${weir.output.slice(-6000)}`, { cause: error });
  }
}

async function strike(
  weir: Weir,
  roles: readonly Role[],
  random: () => number,
  log: (line: string) => void,
): Promise<Blow> {
  const pids = weir.processes().filter(({ role }) => roles.includes(role));
  const missing = roles.filter((role) => !pids.some((entry) => entry.role === role));
  if (missing.length > 0) throw new Error(`No process to kill: ${missing.join(", ")}`);
  for (const { pid } of pids) kill(pid);
  const atMs = performance.now();
  if (roles.includes("supervisor")) {
    await sleep(200 + random() * 1500);
    weir.startAgain();
  }
  await sleep(50);
  await weir.until(
    `ready again after the kill of ${roles.join(", ")}`,
    120_000,
    async () => {
      const response = await fetch(`${weir.url}/ready`, { signal: AbortSignal.timeout(10_000) });
      await response.arrayBuffer();
      return response.ok && roles.every((role) => weir.pidsOf(role).length > 0);
    },
    100,
  );
  const readyMs = performance.now();
  log(`killed ${roles.join(", ")}; ready again after ${((readyMs - atMs) / 1000).toFixed(1)} s`);
  return { roles, atMs, readyMs };
}

interface Run extends Pick<KillRunOptions, "log"> {
  readonly weir: Weir;
  readonly calls: readonly SentCall[];
  readonly blows: readonly Blow[];
  readonly session: string;
  readonly margins: KillMargins;
}

async function report({ weir, calls, blows, session, margins, log }: Run): Promise<KillReport> {
  const gatewayBlows = blows.filter(({ roles }) => roles.includes("gateway"));
  const answered = calls.filter(({ failure }) => failure === undefined);
  const covered = answered.filter((call) => gatewayBlows.every((blow) => isCovered(call, blow, margins)));
  const underWay = calls.filter(
    (call) => call.isStream && gatewayBlows.some((blow) => wasUnderWay(call, blow, margins)),
  );
  const rows = await settledRows(weir, session, covered.length);
  const byId = Map.groupBy(rows, ({ user_id }) => user_id);
  const isThere = ({ id }: SentCall) => byId.has(id);
  const failures = calls.filter(
    (call) => call.failure !== undefined && !gatewayBlows.some((blow) => isExcused(call, blow)),
  );
  const byFailure = Object.entries(Object.groupBy(failures, ({ failure }) => failure ?? ""));
  for (const [failure, group] of byFailure) log(`failed without cause: ${group?.length} × ${failure}`);
  return {
    sent: calls.length,
    answered: answered.length,
    recorded: byId.size,
    interrupted: rows.filter(({ status }) => status === "interrupted").length,
    lost: covered
      .filter((call) => !isThere(call))
      .map((call) => `${describe(call)}, ${timesToBlows(call, gatewayBlows, answered)}`),
    doubled: [...byId.values()]
      .filter((group) => group.length > 1 && !isRetried(calls, group))
      .map((group) => `${group[0]?.user_id}: ${group.map(({ status }) => status).join(", ")}`),
    forgotten: underWay.filter((call) => !isThere(call)).map(describe),
    failedWithoutCause: failures.map(describe),
    retried: calls.filter(({ retries }) => retries > 0).length,
  };
}

function describe({ id, failure, retries, isStream }: SentCall): string {
  return `${id}${isStream ? " (stream)" : ""}${failure === undefined ? "" : ` ${failure}`}${retries > 0 ? ` after ${retries} retries` : ""}`;
}

/** How long before the next blow its last byte came, and how many others were answered in between. */
function timesToBlows(call: SentCall, blows: readonly Blow[], answered: readonly SentCall[]): string {
  const { lastByteMs = 0 } = call;
  const next = blows.find(({ atMs }) => atMs > lastByteMs);
  if (next === undefined) return "after the last blow";
  const later = answered.filter((other) => (other.lastByteMs ?? 0) > lastByteMs && (other.lastByteMs ?? 0) < next.atMs);
  return `${(next.atMs - lastByteMs).toFixed(0)} ms before the blow at ${next.roles.join("+")}, ${later.length} answers later`;
}

function isCovered(call: SentCall, blow: Blow, { recordedMs }: KillMargins): boolean {
  const lastByteMs = call.lastByteMs ?? 0;
  return lastByteMs < blow.atMs - recordedMs || call.startedMs > blow.atMs;
}

function wasUnderWay(call: SentCall, blow: Blow, { announcedMs }: KillMargins): boolean {
  const wasRunning = call.startedMs < blow.atMs - announcedMs && (call.endedMs ?? 0) >= blow.atMs;
  return wasRunning && call.failure !== undefined && call.failure !== "ECONNREFUSED" && call.retries === 0;
}

/** A call may fail when it was under way at a blow at the gateway, or began before there was a gateway again. */
function isExcused(call: SentCall, blow: Blow): boolean {
  return call.startedMs <= blow.readyMs && (call.endedMs ?? 0) >= blow.atMs;
}

/** A call that was sent again may have left two rows: one of each attempt. */
function isRetried(calls: readonly SentCall[], group: readonly StoredCall[]): boolean {
  const call = calls.find(({ id }) => id === group[0]?.user_id);
  return call !== undefined && call.retries >= group.length - 1 && call.retries > 0;
}

/** All rows of the run, once no more come. Read from the engine itself: there are too many for pages of a list. */
async function settledRows(weir: Weir, session: string, atLeast: number): Promise<StoredCall[]> {
  let rows: StoredCall[] = [];
  for (let tries = 0; tries < 80; tries++) {
    const before = rows.length;
    await sleep(1500);
    rows = await storedCalls(weir, session);
    if (rows.length >= atLeast && rows.length === before) break;
  }
  return rows;
}

async function storedCalls(weir: Weir, session: string): Promise<StoredCall[]> {
  const access = JSON.parse(readFileSync(join(weir.dataDirectory, "run", "engine.json"), "utf8")) as EngineAccess;
  const sql = "SELECT user_id, status FROM weir.spans WHERE session_id = {session:String} FORMAT JSONEachRow";
  const url = `${access.url}/?param_session=${encodeURIComponent(session)}`;
  const headers = { "x-clickhouse-user": access.username, "x-clickhouse-key": access.password };
  const response = await fetch(url, { method: "POST", body: sql, headers });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as StoredCall);
}
