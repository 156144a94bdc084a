import { fstatSync } from "node:fs";
import { Socket } from "node:net";

/** Where log lines go. Never waits and never throws: what the reader is too slow for is dropped. */
export interface LogOutput {
  write(line: string): void;
}

const mostWaitingBytes = 1 << 20;

/**
 * This process's standard output. A pipe is written without blocking, as a supervisor that hangs must not stop the
 * gateway, and one that is gone must not end it.
 */
export function standardOutput(): LogOutput {
  const stats = fstatSync(1);
  if (!stats.isFIFO() && !stats.isSocket()) return { write: (line) => void process.stdout.write(line) };
  const pipe = new Socket({ fd: 1, readable: false, writable: true });
  let isOpen = true;
  pipe.on("error", () => {
    isOpen = false;
  });
  return {
    write(line) {
      if (isOpen && pipe.writableLength < mostWaitingBytes) pipe.write(line);
    },
  };
}
