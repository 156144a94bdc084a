import { readdirSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

const helperNiceness = 2;

/**
 * From now on the threads that help this process, V8's that collect garbage and compile and libuv's that read and write
 * files, yield to its main one, which passes the bytes on: on few cores they take turns with it otherwise. Does nothing
 * outside Linux: only there has each thread a niceness of its own (setpriority(2), "C library/kernel differences").
 */
export function letHelperThreadsYield(): void {
  if (process.platform !== "linux") return;
  for (const thread of ownThreads()) if (thread !== process.pid) makeNice(thread);
}

/** None where the system does not show them. */
function ownThreads(): number[] {
  try {
    return readdirSync("/proc/self/task").map(Number);
  } catch {
    return [];
  }
}

function makeNice(thread: number): void {
  try {
    if (getPriority(thread) < helperNiceness) setPriority(thread, helperNiceness);
  } catch {
    // It has ended.
  }
}
