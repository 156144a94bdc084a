import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** What one side of a connection does next. */
export type Step =
  /** Writes these bytes, as one packet as far as that can be told. Text is UTF-8. */
  | string
  | Buffer
  | { readonly pauseMs: number }
  /** Waits until it has received this. */
  | { readonly until: string }
  /** Closes its direction in good order; breaks the connection off; leaves without a word. */
  | "end"
  | "reset"
  | "leave";

/** Plays the steps on a socket; `waitFor` resolves when the text has been received. */
export async function play(
  socket: Socket,
  steps: readonly Step[],
  waitFor: (text: string) => Promise<void>,
): Promise<void> {
  for (const step of steps) {
    if (step === "end") socket.end();
    else if (step === "reset") socket.resetAndDestroy();
    else if (step === "leave") socket.destroy();
    else if (typeof step === "string" || Buffer.isBuffer(step)) socket.write(step);
    else if ("pauseMs" in step) await sleep(step.pauseMs);
    else await waitFor(step.until);
    // The next step is another packet.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The bytes that the steps write. */
export function bytesOf(steps: readonly Step[]): Buffer {
  const words = new Set(["end", "reset", "leave"]);
  const written = steps.filter(
    (step): step is string | Buffer => Buffer.isBuffer(step) || (typeof step === "string" && !words.has(step)),
  );
  return Buffer.concat(written.map((step) => Buffer.from(step as Buffer)));
}

/** Each byte a step of its own. */
export function byteByByte(text: string | Buffer): Buffer[] {
  return Array.from(Buffer.from(text as Buffer), (byte) => Buffer.from([byte]));
}

/** A chunk of a chunked body. */
export function chunkOf(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text as Buffer);
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

export const lastChunk = "0\r\n\r\n";
