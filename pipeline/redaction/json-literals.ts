const quote = 0x22;
const backslash = 0x5c;

/** String literals of JSON, the last one perhaps cut short. */
const literals = /"(?:[^"\\]|\\[\s\S])*(?:"|\\?$)/g;

/** Whether a value is to be read as JSON: it begins as an object or a list does. */
export function looksLikeJson(bytes: Buffer, from: number, to: number): boolean {
  for (let place = from; place < to; place++) {
    const byte = bytes[place] as number;
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) continue;
    return byte === 0x7b || byte === 0x5b;
  }
  return false;
}

/**
 * The JSON with the decoded text of each of its literals put through `replace`, which returns undefined where nothing
 * is to be replaced. Undefined when nothing was. What is no literal stays; so does a literal that cannot be decoded.
 */
export function replaceInLiterals(json: string, replace: (text: string) => string | undefined): string | undefined {
  let isChanged = false;
  const replaced = json.replaceAll(literals, (literal) => {
    const text = decoded(literal);
    const other = text === undefined ? undefined : replace(text);
    if (other === undefined) return literal;
    isChanged = true;
    const encoded = JSON.stringify(other);
    return literal.length > 1 && literal.endsWith('"') ? encoded : encoded.slice(0, -1);
  });
  return isChanged ? replaced : undefined;
}

function decoded(literal: string): string | undefined {
  const isWhole = literal.length > 1 && literal.endsWith('"');
  if (!literal.includes("\\")) return literal.slice(1, isWhole ? -1 : undefined);
  try {
    return JSON.parse(isWhole ? literal : `${literal}"`) as string;
  } catch {
    return undefined;
  }
}

/** Tells, of places in rising order, whether they are within a string literal of the JSON from `from` on. */
export class StringTracker {
  readonly #bytes: Buffer;
  #place: number;
  #isInString = false;

  constructor(bytes: Buffer, from: number) {
    this.#bytes = bytes;
    this.#place = from;
  }

  isInString(place: number): boolean {
    for (; this.#place < place; this.#place++) {
      const byte = this.#bytes[this.#place];
      if (byte === quote) this.#isInString = !this.#isInString;
      else if (byte === backslash && this.#isInString) this.#place++;
    }
    return this.#isInString;
  }
}
