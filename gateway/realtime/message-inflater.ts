import { constants, inflateRawSync } from "node:zlib";

/** What deflate may refer back to. */
const windowBytes = 32 << 10;
/** Left away by the sender of each message (RFC 7692 section 7.2.1). */
const flushTail = Buffer.from([0, 0, 0xff, 0xff]);

/** Undoes permessage-deflate for one direction, message by message. */
export class MessageInflater {
  /** A message may refer back to those before it: each must be inflated. */
  readonly keepsContext: boolean;
  #window: Buffer = Buffer.alloc(0);

  constructor(keepsContext: boolean) {
    this.keepsContext = keepsContext;
  }

  /** The message; undefined when it is broken or longer than the limit. */
  inflate(payload: Buffer, limitBytes: number): Buffer | undefined {
    try {
      const inflated = inflateRawSync(Buffer.concat([payload, flushTail]), {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: limitBytes,
        ...(this.#window.length > 0 && { dictionary: this.#window }),
      });
      if (this.keepsContext) this.#window = lastOf(this.#window, inflated);
      return inflated;
    } catch {
      return undefined;
    }
  }
}

function lastOf(before: Buffer, added: Buffer): Buffer {
  const all = added.length >= windowBytes ? added : Buffer.concat([before, added]);
  return Buffer.from(all.subarray(Math.max(0, all.length - windowBytes)));
}

/**
 * The inflaters for both directions that an answer's `Sec-WebSocket-Extensions` agrees on; none when messages are not
 * compressed.
 */
export function agreedInflaters(extensions: string): { up?: MessageInflater; down?: MessageInflater } {
  const agreed = extensions.split(",").find((it) => it.trim().toLowerCase().startsWith("permessage-deflate"));
  if (agreed === undefined) return {};
  const parameters = new Set(agreed.split(";").map((it) => it.trim().toLowerCase().split("=")[0]));
  return {
    up: new MessageInflater(!parameters.has("client_no_context_takeover")),
    down: new MessageInflater(!parameters.has("server_no_context_takeover")),
  };
}
