import { readFileSync } from "node:fs";
import { leastRun } from "./detectors/secrets.ts";

/** The runtime's own, of which only the types for browsers tell. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

const wasmModule = new WebAssembly.Module(readFileSync(new URL("./byte-marks.wasm", import.meta.url)));
/** So much of a text is marked at once. */
const windowBytes = 256 << 10;
/** So many bytes before a window tell what its first bytes are. */
const leadBytes = 32;
/** Behind the text there are zeros, as many as are looked at together, and one more time as many. */
const zeroBytes = 64;

/** Where the module has its bitmaps. */
const bitmapsAt = { runEnds: 0x41000, tokens: 0x4a000, wordStarts: 0x53000, behindNumbers: 0x5c000 };
const bitmapWords = (windowBytes + leadBytes + zeroBytes) / 32;

interface MarksModule {
  readonly memory: { readonly buffer: ArrayBuffer };
  mark(length: number, withNumbers: 0 | 1): void;
}

/**
 * Marks of the bytes of one buffer at a time, made window by window as they are asked for: where there are runs, of at
 * least `leastRun` token bytes (letters, digits, `_-+/`), and where numbers may begin.
 */
export class ByteMarks {
  readonly #module: MarksModule;
  readonly #text: Uint8Array;
  readonly #runEnds: Int32Array;
  readonly #tokens: Int32Array;
  readonly #wordStarts: Int32Array;
  readonly #behindNumbers: Int32Array;
  #bytes: Buffer = Buffer.alloc(0);
  #least = 0;
  #limit = 0;
  #withNumbers = false;
  /** Of the byte that the bitmaps begin with. */
  #base = 0;
  /** What the bitmaps tell of. */
  #from = 0;
  #to = 0;

  constructor() {
    this.#module = new WebAssembly.Instance(wasmModule).exports as MarksModule;
    const { buffer } = this.#module.memory;
    this.#text = new Uint8Array(buffer, 0, windowBytes + leadBytes + zeroBytes);
    this.#runEnds = new Int32Array(buffer, bitmapsAt.runEnds, bitmapWords);
    this.#tokens = new Int32Array(buffer, bitmapsAt.tokens, bitmapWords);
    this.#wordStarts = new Int32Array(buffer, bitmapsAt.wordStarts, bitmapWords);
    this.#behindNumbers = new Int32Array(buffer, bitmapsAt.behindNumbers, bitmapWords);
  }

  /** Takes bytes to be asked about, which must not change as long as they are; `withNumbers`: about numbers too. */
  take(bytes: Buffer, from: number, to: number, withNumbers: boolean): void {
    this.#bytes = bytes;
    this.#least = from;
    this.#limit = to;
    this.#withNumbers = withNumbers;
    this.#from = 0;
    this.#to = 0;
  }

  /** Where the next run that lies between the offsets begins; -1 when there is none. `from` counts as a beginning. */
  nextRun(from: number, to: number): number {
    const end = this.#next(this.#runEnds, from + leastRun - 1, to);
    return end < 0 ? -1 : end - leastRun + 1;
  }

  /** Where the token bytes end of which one stands there; `to` at the latest. */
  runEnd(place: number, to: number): number {
    for (let at = place; at < to; at = this.#to) {
      this.#reach(at);
      const end = nextBit(this.#tokens, at - this.#base, Math.min(to, this.#to) - this.#base, -1);
      if (end >= 0) return this.#base + end;
    }
    return to;
  }

  /** The next token byte that no letter or digit stands before; -1 when there is none. */
  nextWordStart(from: number, to: number): number {
    return this.#next(this.#wordStarts, from, to);
  }

  /**
   * The next first digit of some that a number may begin with, or the next colon that may stand in one; -1 when there is
   * none. A digit right behind another, or behind a letter, that stands before `from` may be left out.
   */
  nextNumber(from: number, to: number): number {
    const behind = this.#next(this.#behindNumbers, from + 1, to + 1);
    return behind < 0 ? -1 : behind - 1;
  }

  #next(bitmap: Int32Array, from: number, to: number): number {
    for (let at = from; at < to; at = this.#to) {
      this.#reach(at);
      const found = nextBit(bitmap, at - this.#base, Math.min(to, this.#to) - this.#base, 0);
      if (found >= 0) return this.#base + found;
    }
    return -1;
  }

  #reach(place: number): void {
    if (place < this.#from || place >= this.#to) this.#mark(place);
  }

  #mark(place: number): void {
    const base = Math.max(this.#least, place - leadBytes);
    const end = Math.min(this.#limit, base + leadBytes + windowBytes);
    const length = end - base;
    this.#text.set(this.#bytes.subarray(base, end));
    this.#text.fill(0, length, length + zeroBytes);
    this.#module.mark(length, this.#withNumbers ? 1 : 0);
    this.#base = base;
    this.#from = base === this.#least ? base : place;
    // Behind the last byte there is a mark of the last number.
    this.#to = end === this.#limit ? end + 1 : end;
  }
}

/** The first bit between the offsets that is set; with `flip` of -1, that is not. -1 when there is none. */
function nextBit(bitmap: Int32Array, from: number, to: number, flip: 0 | -1): number {
  const last = (to - 1) >>> 5;
  let index = from >>> 5;
  let word = ((bitmap[index] as number) ^ flip) & (-1 << (from & 31));
  while (word === 0) {
    if (++index > last) return -1;
    word = (bitmap[index] as number) ^ flip;
  }
  const place = index * 32 + 31 - Math.clz32(word & -word);
  return place < to ? place : -1;
}
