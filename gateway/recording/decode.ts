import type { Transform } from "node:stream";
import { promisify } from "node:util";
import zlib from "node:zlib";

/**
 * Decoders for the gateway's own copy of a compressed body; the client and the provider always get the bytes as they
 * came. The output is bounded, since a few kilobytes may unpack to gigabytes.
 */
type Whole = (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>;

// A body that was cut off is decoded as far as it goes.
const lenient = { finishFlush: zlib.constants.Z_SYNC_FLUSH };
const lenientBrotli = { finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH };
const lenientZstd = { finishFlush: zlib.constants.ZSTD_e_flush };

const gunzip = promisify(zlib.gunzip) as Whole;
const inflate = promisify(zlib.inflate) as Whole;
const inflateRaw = promisify(zlib.inflateRaw) as Whole;
const brotli = promisify(zlib.brotliDecompress) as Whole;
const zstd = promisify(zlib.zstdDecompress) as Whole;

const codings: Readonly<Record<string, { whole: Whole; stream: (first: Buffer) => Transform }>> = {
  gzip: { whole: gunzip, stream: () => zlib.createGunzip(lenient) },
  "x-gzip": { whole: gunzip, stream: () => zlib.createGunzip(lenient) },
  br: { whole: brotli, stream: () => zlib.createBrotliDecompress(lenientBrotli) },
  zstd: { whole: zstd, stream: () => zlib.createZstdDecompress(lenientZstd) },
  deflate: {
    whole: (bytes, options) => (hasZlibHeader(bytes) ? inflate(bytes, options) : inflateRaw(bytes, options)),
    stream: (first) => (hasZlibHeader(first) ? zlib.createInflate(lenient) : zlib.createInflateRaw(lenient)),
  },
};

/** `deflate` should mean zlib, and some servers send it bare. */
function hasZlibHeader(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes;
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
}

function codingsOf(contentEncoding: string): string[] {
  return contentEncoding
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "identity");
}

export function isEncoded(contentEncoding: string): boolean {
  return contentEncoding !== "" && codingsOf(contentEncoding).length > 0;
}

/** The decoded body. Rejects for unknown codings, broken data and results over the limit. */
export async function decodeWhole(body: Buffer, contentEncoding: string, limitBytes: number): Promise<Buffer> {
  let decoded = body;
  for (const name of codingsOf(contentEncoding).reverse()) {
    const coding = codings[name];
    if (coding === undefined) throw new RangeError(`unknown content coding ${JSON.stringify(name)}`);
    decoded = await coding.whole(decoded, { maxOutputLength: limitBytes });
  }
  return decoded;
}

const backlogLimitBytes = 4 << 20;

/** Decodes a stream as it passes. After an error, or at the limit, the rest is ignored and `failed` says so. */
export class StreamDecoder {
  failed = false;
  readonly #name: string | undefined;
  readonly #limitBytes: number;
  readonly #onData: (bytes: Buffer) => void;
  #decoder: Transform | undefined;
  #decodedBytes = 0;
  #onEnd: (() => void) | undefined;

  constructor(contentEncoding: string, limitBytes: number, onData: (bytes: Buffer) => void) {
    const names = codingsOf(contentEncoding);
    this.#name = names[0];
    this.#limitBytes = limitBytes;
    this.#onData = onData;
    this.failed = names.length !== 1 || codings[names[0] ?? ""] === undefined;
  }

  push(chunk: Buffer): void {
    if (this.failed) return;
    this.#decoder ??= this.#open(chunk);
    this.#decoder.write(chunk);
    if (this.#decoder.writableLength > backlogLimitBytes) this.#fail();
  }

  /** Calls back once everything that was pushed has been decoded, or has failed to be. */
  end(done: () => void): void {
    if (this.failed || this.#decoder === undefined) {
      done();
      return;
    }
    this.#onEnd = done;
    this.#decoder.end();
  }

  #open(first: Buffer): Transform {
    const coding = codings[this.#name ?? ""];
    if (coding === undefined) throw new RangeError("no such coding");
    const decoder = coding.stream(first);
    decoder.on("data", (bytes: Buffer) => this.#take(bytes));
    decoder.on("error", () => this.#fail());
    decoder.on("end", () => this.#ended());
    return decoder;
  }

  #take(bytes: Buffer): void {
    if (this.failed) return;
    this.#decodedBytes += bytes.length;
    if (this.#decodedBytes > this.#limitBytes) this.#fail();
    else this.#onData(bytes);
  }

  #fail(): void {
    this.failed = true;
    this.#decoder?.destroy();
    this.#ended();
  }

  #ended(): void {
    const onEnd = this.#onEnd;
    this.#onEnd = undefined;
    onEnd?.();
  }
}
