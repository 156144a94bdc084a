import { readdirSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

const helperNiceness = 5;

/**
 * From now on the threads that help this process, V8's that collect garbage and compile and libuv's that read and write
 * files, yield to its main one, which passes the bytes on: on few cores they take turns with it otherwise. Does nothing
 * outside Linux: only there has each thread a niceness of its own (setpriority(2), "C library/kernel differences").
 */
export function letHelperThreadsYield(): void {
  if (process.platform !== "linux") return;
  for (const thread of readdirSync("/proc/self/task").map(Number)) {
    if (thread !== process.pid) makeNice(thread);
  }
}

function makeNice(thread: number): void {
  try {
    if (getPriority(thread) < helperNiceness) setPriority(thread, helperNiceness);
  } catch {
    // It has ended.
  }
}
