import { readFileSync } from "node:fs";

/** A process that a file can name beyond its life: a pid alone may be another's by now. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Its start as the kernel tells it; empty where that cannot be read. */
  readonly startTime: string;
}

export function identify(pid: number): ProcessIdentity {
  return { pid, startTime: startTimeOf(pid) ?? "" };
}

/** Whether that very process runs. A zombie does not. */
export function isRunning({ pid, startTime }: ProcessIdentity): boolean {
  if (process.platform === "linux") return startTimeOf(pid) !== undefined && startTimeOf(pid) === startTime;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Field 22 of /proc/<pid>/stat, after the name, which may hold blanks and brackets. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
