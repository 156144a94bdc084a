/**
 * Where something stands in bytes, asked for value by value in their order: each byte is searched once, however many
 * values there are.
 */
export class BytePlaces {
  readonly #find: (from: number) => number;
  #place = -1;
  #length: number;

  /** `find` gives the first place from an offset on, -1 without one; what stands there has `length` bytes. */
  constructor(find: (from: number) => number, length: number) {
    this.#find = find;
    this.#length = length;
  }

  /** Whether all of it stands between the offsets. `from` must not fall from call to call. */
  isWithin(from: number, to: number): boolean {
    return this.nextFrom(from) + this.#length <= to;
  }

  /** Where it stands first from an offset on; infinite when it does not. `from` must not fall from call to call. */
  nextFrom(from: number): number {
    if (this.#place < from) {
      const found = this.#find(from);
      this.#place = found < 0 ? Number.POSITIVE_INFINITY : found;
    }
    return this.#place;
  }
}

/** The places of a byte, or of several in a row. */
export function placesOf(bytes: Buffer, sought: number | Buffer): BytePlaces {
  return new BytePlaces((from) => bytes.indexOf(sought, from), typeof sought === "number" ? 1 : sought.length);
}

const escapeStart = Buffer.from("\\u00");

/** The places of ASCII letters, digits and signs that are written as JSON's `\u00xx`. */
export function asciiEscapePlaces(bytes: Buffer): BytePlaces {
  const find = (from: number) => {
    for (let place = bytes.indexOf(escapeStart, from); place >= 0; place = bytes.indexOf(escapeStart, place + 1)) {
      const digit = bytes[place + escapeStart.length];
      if (digit !== undefined && digit >= 0x32 && digit <= 0x37) return place;
    }
    return -1;
  };
  return new BytePlaces(find, escapeStart.length + 1);
}
