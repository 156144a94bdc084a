import { readFile, writeFile } from "node:fs/promises";
import { getPriority } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** Whoever is not root may set the niceness of sessions ten times a second, all such users together. */
const busyPauseMs = 150;
const attempts = 10;

/**
 * Gives the session that a process leads the process's own niceness. Linux with `sched_autogroup_enabled`, as most
 * distributions have it, weighs processes by their niceness only against others of their session, and sessions by one of
 * their own (sched(7), "The autogroup feature"): without this a child that was started in a session for itself yields
 * to nobody, however nice it is. Does nothing for a process in somebody else's session, nor where the system has no such
 * groups or does not let us.
 */
export async function extendNicenessToSession(pid: number): Promise<void> {
  const file = `/proc/${pid}/autogroup`;
  try {
    if (!(await leadsSession(pid))) return;
    const niceness = String(getPriority(pid));
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      if (await isWritten(file, niceness)) return;
      await sleep(busyPauseMs);
    }
  } catch {
    // The process has ended, or this is no Linux.
  }
}

async function leadsSession(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1");
  // After the name in brackets: state, parent, process group, session.
  const [, , , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(session) === pid;
}

/** False when it may be tried again. */
async function isWritten(file: string, niceness: string): Promise<boolean> {
  try {
    await writeFile(file, niceness);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return false;
    throw error;
  }
}
