import { constants, createDeflateRaw, deflateRawSync } from "node:zlib";

export interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly isLast?: boolean;
  readonly isCompressed?: boolean;
  /** Four bytes; without it the frame is not masked. */
  readonly mask?: Buffer;
}

/** A WebSocket frame (RFC 6455 section 5.2). */
export function frameOf({ opcode, payload, isLast = true, isCompressed = false, mask }: Frame): Buffer {
  const first = (isLast ? 0x80 : 0) | (isCompressed ? 0x40 : 0) | opcode;
  const masked = mask === undefined ? 0 : 0x80;
  const { length } = payload;
  const head =
    length < 126
      ? Buffer.from([first, masked | length])
      : length < 65_536
        ? Buffer.from([first, masked | 126, length >> 8, length & 0xff])
        : Buffer.concat([Buffer.from([first, masked | 127]), lengthOf(length)]);
  if (mask === undefined) return Buffer.concat([head, payload]);
  return Buffer.concat([head, mask, payload.map((byte, index) => byte ^ (mask[index & 3] ?? 0))]);
}

function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return bytes;
}

export function textFrame(text: string): Buffer {
  return frameOf({ opcode: 1, payload: Buffer.from(text) });
}

/** Compresses a message by itself. */
export function deflated(payload: Buffer): Buffer {
  return deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

/** Compresses messages one after the other; each may refer back to those before. */
export async function deflatedTogether(payloads: readonly Buffer[]): Promise<Buffer[]> {
  const deflater = createDeflateRaw();
  const parts: Buffer[] = [];
  deflater.on("data", (part: Buffer) => void parts.push(part));
  const messages: Buffer[] = [];
  for (const payload of payloads) {
    deflater.write(payload);
    await new Promise<void>((resolve) => deflater.flush(constants.Z_SYNC_FLUSH, resolve));
    const message = Buffer.concat(parts.splice(0));
    messages.push(message.length === 0 ? message : message.subarray(0, -4));
  }
  deflater.close();
  return messages;
}
