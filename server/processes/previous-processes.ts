import { setTimeout as sleep } from "node:timers/promises";
import { isRunning } from "./process-identity.ts";
import type { ProcessRecord } from "./process-record.ts";

/** Sends the signal to a recorded process, unless its pid is another's by now. */
export function signalProcess(record: ProcessRecord, signal: NodeJS.Signals): void {
  if (!isRunning(record)) return;
  try {
    process.kill(record.pid, signal);
  } catch {
    // It ended in between.
  }
}

/** Resolves once the process has ended; false when it has not by the deadline. */
export async function processEnded(record: ProcessRecord, deadlineMs: number): Promise<boolean> {
  const until = performance.now() + deadlineMs;
  while (isRunning(record)) {
    if (performance.now() >= until) return false;
    await sleep(20);
  }
  return true;
}

/** Ends a process that must be gone before its successor starts: asked first, killed at the deadline. */
export async function endProcess(record: ProcessRecord, deadlineMs: number): Promise<void> {
  signalProcess(record, "SIGTERM");
  if (await processEnded(record, deadlineMs)) return;
  signalProcess(record, "SIGKILL");
  await processEnded(record, 5000);
}
