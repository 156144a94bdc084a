import { hashOf } from "./key-table.ts";

const slotCount = 4096;
const longestText = 32;

/**
 * Makes strings of bytes, and remembers short ones: what senders repeat in each span (a model's name, a provider)
 * is made once. Of fixed size: a text takes the place of whichever had its slot.
 */
export class TextCache {
  readonly #bytes = new Uint8Array(slotCount * longestText);
  readonly #texts = new Array<string>(slotCount).fill("");
  readonly #lengths = new Uint8Array(slotCount);

  /** Invalid UTF-8 is replaced. */
  textOf(bytes: Buffer, from: number, to: number): string {
    const length = to - from;
    if (length === 0) return "";
    if (length > longestText) return bytes.toString("utf8", from, to);
    const slot = hashOf(bytes, from, to) & (slotCount - 1);
    const base = slot * longestText;
    const known = this.#bytes;
    if (this.#lengths[slot] === length) {
      let index = 0;
      while (index < length && known[base + index] === bytes[from + index]) index++;
      if (index === length) return this.#texts[slot] as string;
    }
    for (let index = 0; index < length; index++) known[base + index] = bytes[from + index] as number;
    this.#lengths[slot] = length;
    const text = bytes.toString("utf8", from, to);
    this.#texts[slot] = text;
    return text;
  }
}
