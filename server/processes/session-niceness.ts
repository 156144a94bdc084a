import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Whoever is not root may set the niceness of sessions ten times a second, all such users together. */
const busyPauseMs = 150;
const attempts = 20;

/**
 * Sets how nice the session is that a process leads. Linux with `sched_autogroup_enabled`, as most distributions have it,
 * weighs processes by their own niceness only against others of their session, and sessions by one that they have
 * (sched(7), "The autogroup feature"): a child that was started in a session for itself yields to no other, however nice
 * it is. Does nothing for a process in somebody else's session, nor where the system has no such groups, as most
 * containers have not, or does not let us.
 */
export async function setSessionNiceness(pid: number, niceness: number): Promise<void> {
  const file = `/proc/${pid}/autogroup`;
  try {
    if (!(await leadsSession(pid))) return;
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      if (await isWritten(file, String(niceness))) return;
      await sleep(busyPauseMs, undefined, { ref: false });
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
async function isWritten(file: string, text: string): Promise<boolean> {
  try {
    await writeFile(file, text);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return false;
    throw error;
  }
}
