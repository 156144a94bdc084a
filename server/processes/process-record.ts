import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { identify, isRunning, type ProcessIdentity } from "./process-identity.ts";

/** The pid file of a role: `run/gateway-0.<pid>.json`. Two of one name live side by side while one takes over. */
export interface ProcessRecord extends ProcessIdentity {
  readonly role: string;
  readonly index: number;
  readonly file: string;
}

/** Writes the record of a process, this one unless told; it disappears with `Symbol.dispose`. */
export function recordProcess(runDirectory: string, role: string, index: number, pid = process.pid): Disposable {
  const file = join(runDirectory, `${role}-${index}.${pid}.json`);
  const draft = `${file}.draft`;
  writeFileSync(draft, JSON.stringify({ role, index, ...identify(pid) }));
  renameSync(draft, file);
  return { [Symbol.dispose]: () => rmSync(file, { force: true }) };
}

/** The recorded processes that still run. Records of dead ones are removed. */
export function runningProcesses(runDirectory: string): ProcessRecord[] {
  const running: ProcessRecord[] = [];
  for (const name of readdirSync(runDirectory)) {
    if (!/^[a-z]+-\d+\.\d+\.json$/.test(name)) continue;
    const file = join(runDirectory, name);
    const record = readRecord(file);
    if (record !== undefined && isRunning(record)) running.push(record);
    else rmSync(file, { force: true });
  }
  return running;
}

function readRecord(file: string): ProcessRecord | undefined {
  try {
    return { ...(JSON.parse(readFileSync(file, "utf8")) as Omit<ProcessRecord, "file">), file };
  } catch {
    return undefined;
  }
}
