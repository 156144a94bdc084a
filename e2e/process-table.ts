import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A process as Linux tells of it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parentPid: number;
  /** One letter: R, S, Z … */
  readonly state: string;
  readonly commandLine: readonly string[];
}

const ticksPerSecond = 100;
const pageBytes = 4096;

/** Every process of this machine that could be read. */
export function listProcesses(): ProcessEntry[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? []);
}

export function readProcess(pid: number): ProcessEntry | undefined {
  const stat = statFields(pid);
  if (stat === undefined) return undefined;
  const commandLine = readText(`/proc/${pid}/cmdline`)
    .split("\0")
    .filter((part) => part !== "");
  return { pid, parentPid: Number(stat[1]), state: stat[0] ?? "", commandLine };
}

/** The fields of /proc/pid/stat after the name: state, parent … */
function statFields(pid: number): string[] | undefined {
  const text = readText(`/proc/${pid}/stat`);
  if (text === "") return undefined;
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/**
 * Processes whose environment holds `NAME=value`, or whose command line holds `text`: those we started, and theirs,
 * orphans included.
 */
export function processesMarked(name: string, value: string, text: string): ProcessEntry[] {
  const marker = `${name}=${value}`;
  return listProcesses().filter(
    ({ pid, state, commandLine }) =>
      state !== "Z" &&
      (commandLine.some((word) => word.includes(text)) ||
        readText(`/proc/${pid}/environ`).split("\0").includes(marker)),
  );
}

export function isAlive(pid: number): boolean {
  const entry = readProcess(pid);
  return entry !== undefined && entry.state !== "Z";
}

/** Sockets that the process has open. */
export function openSockets(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((name) => readLink(`${folder}/${name}`).startsWith("socket:")).length;
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

/** How long the process's main thread could have run and had no core to run on. */
export function waitedSeconds(pid: number): number {
  return Number(readText(`/proc/${pid}/schedstat`).split(" ")[1] ?? 0) / 1e9;
}

export interface ProcessFigures {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** The same with pages that several processes share counted once among them (PSS). */
  readonly proportionalBytes: number;
  /** What the kernel was asked to write to disks. */
  readonly writtenBytes: number;
}

/** The sums over these processes; the ones that are gone count as nothing. */
export function figuresOf(pids: readonly number[]): ProcessFigures {
  let cpuSeconds = 0;
  let residentBytes = 0;
  let proportionalBytes = 0;
  let writtenBytes = 0;
  for (const pid of pids) {
    const stat = statFields(pid);
    if (stat === undefined) continue;
    cpuSeconds += (Number(stat[11]) + Number(stat[12])) / ticksPerSecond;
    residentBytes += Number(readText(`/proc/${pid}/statm`).split(" ")[1] ?? 0) * pageBytes;
    proportionalBytes += Number(/^Pss: +(\d+)/m.exec(readText(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024;
    writtenBytes += Number(/write_bytes: (\d+)/.exec(readText(`/proc/${pid}/io`))?.[1] ?? 0);
  }
  return { cpuSeconds, residentBytes, proportionalBytes, writtenBytes };
}
