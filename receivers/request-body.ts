import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, zstdDecompress } from "node:zlib";
import { CodedError } from "@weir/model";
import type { InFlightLease } from "./in-flight-bytes.ts";

interface InflateOptions {
  readonly maxOutputLength: number;
  readonly chunkSize: number;
}
type Inflater = (body: Uint8Array, options: InflateOptions) => Promise<Buffer>;

const inflaters: ReadonlyMap<string, Inflater> = new Map([
  ["gzip", promisify<Uint8Array, InflateOptions, Buffer>(gunzip)],
  ["deflate", promisify<Uint8Array, InflateOptions, Buffer>(inflate)],
  ["br", promisify<Uint8Array, InflateOptions, Buffer>(brotliDecompress)],
  ["zstd", promisify<Uint8Array, InflateOptions, Buffer>(zstdDecompress)],
]);

/** The content encodings that are read, beside identity. */
export const contentEncodings: readonly string[] = [...inflaters.keys()];

function tooLarge(maxBytes: number): CodedError {
  return new CodedError("BODY_TOO_LARGE", `The body is over ${maxBytes} bytes (receivers.maxBodyBytes).`);
}

export interface BodyLimits {
  readonly maxBytes: number;
  /** Counts what is held; the caller disposes it once the request is answered. */
  readonly lease?: InFlightLease;
}

/**
 * All bytes of a request as they were sent. `announcedBytes` is its content-length, where it has one. Rejects with
 * BODY_TOO_LARGE or RECEIVER_BUSY as soon as that is clear, and with BAD_REQUEST when the sender breaks off.
 */
export function readBody(
  request: Readable,
  announcedBytes: number | undefined,
  { maxBytes, lease }: BodyLimits,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let gathered: GatheredBytes;
    const fail = (error: unknown) => {
      request.off("data", take);
      // The rest is thrown away as it comes.
      request.resume();
      reject(error);
    };
    const take = (chunk: Buffer) => {
      try {
        gathered.add(chunk, maxBytes);
      } catch (error) {
        fail(error);
      }
    };
    try {
      if (announcedBytes !== undefined && announcedBytes > maxBytes) throw tooLarge(maxBytes);
      gathered = new GatheredBytes(announcedBytes, lease);
    } catch (error) {
      return fail(error);
    }
    let hasEnded = false;
    request.on("data", take);
    request.on("end", () => {
      hasEnded = true;
      resolve(gathered.whole());
    });
    const brokenOff = () => {
      // A request is closed behind its end, too; an error takes its stack, which is dear.
      if (hasEnded) return;
      // Nothing is written any more to memory that the caller gives back.
      request.off("data", take);
      reject(new CodedError("BAD_REQUEST", "The request broke off before its end."));
    };
    request.on("error", brokenOff);
    request.on("close", brokenOff);
  });
}

/** A body as it comes: laid into one buffer where its length is known and counted, else in pieces. */
class GatheredBytes {
  readonly #lease: InFlightLease | undefined;
  readonly #whole: Buffer | undefined;
  readonly #pieces: Buffer[] = [];
  #length = 0;

  /** Throws RECEIVER_BUSY when there is no room for so many bytes. */
  constructor(announcedBytes: number | undefined, lease: InFlightLease | undefined) {
    this.#lease = lease;
    if (announcedBytes !== undefined) this.#whole = lease?.buffer(announcedBytes);
  }

  add(piece: Buffer, maxBytes: number): void {
    if (this.#length + piece.length > maxBytes) throw tooLarge(maxBytes);
    if (this.#whole === undefined) {
      this.#lease?.add(piece.length);
      this.#pieces.push(piece);
    } else this.#whole.set(piece, this.#length);
    this.#length += piece.length;
  }

  whole(): Buffer {
    return this.#whole?.subarray(0, this.#length) ?? Buffer.concat(this.#pieces, this.#length);
  }
}

/** The content of a body that was sent in this encoding. Rejects for an encoding that is not read, and for a bomb. */
export async function inflateBody(
  body: Buffer,
  sentEncoding: string,
  { maxBytes, lease }: BodyLimits,
): Promise<Buffer> {
  const encoding = sentEncoding.trim().toLowerCase();
  if (encoding === "identity" || encoding === "") return body;
  const inflater = inflaters.get(encoding);
  if (inflater === undefined) {
    throw new CodedError(
      "UNSUPPORTED_MEDIA_TYPE",
      `Content-Encoding may be ${contentEncodings.join(", ")} or identity.`,
    );
  }
  try {
    const content = await inflater(body, { maxOutputLength: maxBytes, chunkSize: chunkSizeFor(body.length) });
    lease?.add(content.length);
    return content;
  } catch (error) {
    if (error instanceof CodedError) throw error;
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(maxBytes);
    throw new CodedError("BAD_REQUEST", `The body is not valid ${encoding}.`);
  }
}

/** Large pieces cost less: each is a turn of the loop and a buffer. */
function chunkSizeFor(byteCount: number): number {
  return Math.min(1 << 20, Math.max(16 << 10, byteCount * 8));
}

/** The content-length that the headers announce. */
export function announcedLength(contentLength: string | undefined): number | undefined {
  return contentLength === undefined ? undefined : Number(contentLength);
}
