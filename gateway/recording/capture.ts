/** What all calls of the process may hold of bodies at once. */
export class CaptureBudget {
  readonly limitBytes: number;
  usedBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  take(bytes: number): boolean {
    if (this.usedBytes + bytes > this.limitBytes) return false;
    this.usedBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.usedBytes -= bytes;
  }
}

/** Keeps a body's chunks as they pass, up to a limit and within the budget of the process. */
export class BodyCapture {
  /** "full" so far; "truncated" once a limit was met: what came after is not kept. */
  state: "full" | "truncated" = "full";
  chunks: Buffer[] = [];
  length = 0;

  readonly #limitBytes: number;
  readonly #budget: CaptureBudget;
  #isReplaced = false;

  constructor(limitBytes: number, budget: CaptureBudget) {
    this.#limitBytes = limitBytes;
    this.#budget = budget;
  }

  /** Returns whether all of the chunk was kept. */
  push(chunk: Buffer): boolean {
    if (this.state !== "full") return false;
    const room = this.#limitBytes - this.length;
    const kept = chunk.length <= room ? chunk : chunk.subarray(0, room);
    if (!this.#budget.take(kept.length)) {
      this.state = "truncated";
      return false;
    }
    this.chunks.push(kept);
    this.length += kept.length;
    if (kept !== chunk) this.state = "truncated";
    return kept === chunk;
  }

  bytes(): Buffer {
    const [only] = this.chunks;
    if (this.chunks.length === 1 && only !== undefined) return only;
    return Buffer.concat(this.chunks, this.length);
  }

  /** Other bytes stand for what was kept; they are not counted, being on their way out. */
  replace(bytes: Buffer): void {
    this.#budget.give(this.length);
    this.#isReplaced = true;
    const kept = bytes.subarray(0, this.#limitBytes);
    if (kept.length < bytes.length) this.state = "truncated";
    this.chunks = [kept];
    this.length = kept.length;
  }

  /** Lets go of the bytes; must be called once at the end of the call. */
  release(): void {
    if (!this.#isReplaced) this.#budget.give(this.length);
    this.chunks = [];
    this.length = 0;
  }
}

const stepBytes = 16 << 10;
const headBytes = 4 << 10;

/**
 * The bytes that one call's assembled answer may take, shared by all its texts. The process's budget is drawn on in
 * steps, as the answer grows.
 */
export class ByteAllowance {
  /** Something did not fit and was left out. */
  isExceeded = false;

  readonly #budget: CaptureBudget;
  #left: number;
  #drawn = 0;
  #taken = 0;
  #headLeft = headBytes;

  constructor(limitBytes: number, budget: CaptureBudget) {
    this.#left = limitBytes;
    this.#budget = budget;
  }

  take(bytes: number): boolean {
    if (bytes > this.#left || !this.#draw(bytes)) {
      this.isExceeded = true;
      this.#left = 0;
      return false;
    }
    this.#left -= bytes;
    this.#taken += bytes;
    return true;
  }

  /** For what stands around the texts (id, status, usage): as much as is usual is kept whatever they took. */
  takeHead(bytes: number): boolean {
    if (bytes > this.#headLeft) return this.take(bytes);
    this.#headLeft -= bytes;
    return true;
  }

  /** Bytes that were taken are free again. */
  giveBack(bytes: number): void {
    this.#left += bytes;
    this.#taken -= bytes;
  }

  /** Must be called once at the end of the call. */
  release(): void {
    this.#budget.give(this.#drawn);
    this.#drawn = 0;
  }

  #draw(bytes: number): boolean {
    if (this.#taken + bytes <= this.#drawn) return true;
    const step = Math.max(stepBytes, bytes);
    if (!this.#budget.take(step)) return false;
    this.#drawn += step;
    return true;
  }
}
