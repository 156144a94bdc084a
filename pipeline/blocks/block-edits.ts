interface Edit {
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
}

/** Changes to a block, applied together. They may come in any order and must not overlap. */
export class BlockEdits {
  readonly #block: Buffer;
  readonly #edits: Edit[] = [];

  constructor(block: Buffer) {
    this.#block = block;
  }

  get isEmpty(): boolean {
    return this.#edits.length === 0;
  }

  replace(from: number, to: number, bytes: Uint8Array): void {
    this.#edits.push({ from, to, bytes });
  }

  /** Another text in the place of the one whose bytes, without its length, stand between the offsets. */
  replaceText(from: number, to: number, text: Uint8Array): void {
    this.replace(from - encodedVaruint(to - from).length, to, encodedText(text));
  }

  insertText(at: number, text: Uint8Array): void {
    this.replace(at, at, encodedText(text));
  }

  /** A new block. */
  apply(): Buffer {
    // What is inserted at a place comes before what takes the place of the bytes there.
    const edits = this.#edits.sort((one, other) => one.from - other.from || one.to - other.to);
    const parts: Uint8Array[] = [];
    let done = 0;
    for (const { from, to, bytes } of edits) {
      parts.push(this.#block.subarray(done, from), bytes);
      done = to;
    }
    parts.push(this.#block.subarray(done));
    return Buffer.concat(parts);
  }
}

/** A text, or its bytes, with its length before it. */
export function encodedText(text: string | Uint8Array): Buffer {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  return Buffer.concat([encodedVaruint(bytes.length), bytes]);
}

/** LEB128. */
export function encodedVaruint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
