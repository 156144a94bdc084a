import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The process that ClickHouse's own note in the directory names, if it still runs there. */
export async function directoryOwner(directory: string): Promise<number | undefined> {
  const status = await readFile(join(directory, "status"), "utf8").catch(() => "");
  const pid = Number(/^PID: (\d+)$/m.exec(status)?.[1] ?? Number.NaN);
  return (await runsOn(pid, directory)) ? pid : undefined;
}

async function runsOn(pid: number, directory: string): Promise<boolean> {
  if (!Number.isInteger(pid) || pid === process.pid) return false;
  if (process.platform === "linux") {
    // The id may belong to another process by now. A dead one that nobody has reaped has no arguments.
    const argumentsOfIt = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return argumentsOfIt.split("\0").includes(directory);
  }
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
