import type { EscapedText } from "./escaped-text.ts";

const quote = 0x22;
const backslash = 0x5c;
const space = 0x20;
const obfuscationKey = Buffer.from('"obfuscation":"');
const keptTemplates = 6;

/**
 * Recognises the frames of a stream that differ from one seen before in a single string only, which nearly all of
 * them do: `…"delta":{"content":"` text `"},"finish_reason":null}]…`. Such a frame need not be parsed: its text is
 * copied out. What surrounds the text must be equal byte for byte (but for spaces and OpenAI's random `obfuscation` after
 * it), so a match proves that the frame says the same with another text.
 */
export class DeltaTemplates {
  #templates: Template[] = [];

  /** Appends the frame's text to its target and returns how many bytes that was; -1 when no template fits. */
  apply(frame: Buffer, start: number, end: number): number {
    for (let index = 0; index < this.#templates.length; index += 1) {
      const template = this.#templates[index] as Template;
      const textStart = start + template.prefix.length;
      if (textStart >= end || frame.compare(template.prefix, 0, template.prefix.length, start, textStart) !== 0)
        continue;
      const textEnd = stringEnd(frame, textStart, end);
      if (textEnd === -1 || !template.suffixMatches(frame, textEnd, end)) continue;
      template.target.appendEscaped(frame, textStart, textEnd);
      return textEnd - textStart;
    }
    return -1;
  }

  /** What was learned may no longer hold. */
  forget(): void {
    this.#templates = [];
  }

  /**
   * Remembers a parsed frame whose only content was the string member `key` inside its member `parent`. `text` is that
   * string's parsed value: what the search finds is used only when it says the same.
   */
  learn(frame: Buffer, start: number, end: number, parent: string, key: string, text: string, target: EscapedText) {
    const parentAt = frame.indexOf(parent, start);
    if (parentAt === -1 || parentAt >= end) return;
    const textStart = stringValueStart(frame, parentAt + parent.length, end, key);
    if (textStart === -1) return;
    const textEnd = stringEnd(frame, textStart, end);
    if (textEnd === -1 || !saysTheSame(frame, textStart, textEnd, text)) return;
    const template = new Template(
      Buffer.from(frame.subarray(start, textStart)),
      Buffer.from(frame.subarray(textEnd, end)),
      target,
    );
    this.#templates = [template, ...this.#templates.slice(0, keptTemplates - 1)];
  }
}

class Template {
  readonly prefix: Buffer;
  readonly target: EscapedText;
  /** Without its spaces: Anthropic pads frames with a varying number of them. */
  readonly #suffix: Buffer;
  /** Where the varying value of `obfuscation` begins in the suffix; it is left out of it. -1 when there is none. */
  readonly #varyingAt: number;

  constructor(prefix: Buffer, suffix: Buffer, target: EscapedText) {
    this.prefix = prefix;
    this.target = target;
    const keyAt = suffix.indexOf(obfuscationKey);
    const varyingStart = keyAt + obfuscationKey.length;
    const varyingEnd = keyAt === -1 ? -1 : stringEnd(suffix, varyingStart, suffix.length);
    if (varyingEnd === -1) {
      this.#suffix = withoutSpaces(suffix);
      this.#varyingAt = -1;
    } else {
      const before = withoutSpaces(suffix.subarray(0, varyingStart));
      this.#suffix = Buffer.concat([before, withoutSpaces(suffix.subarray(varyingEnd))]);
      this.#varyingAt = before.length;
    }
  }

  suffixMatches(frame: Buffer, start: number, end: number): boolean {
    const suffix = this.#suffix;
    let at = start;
    for (let index = 0; index < suffix.length; index += 1) {
      if (index === this.#varyingAt) {
        at = stringEnd(frame, at, end);
        if (at === -1) return false;
      }
      while (at < end && frame[at] === space) at += 1;
      if (at >= end || frame[at] !== suffix[index]) return false;
      at += 1;
    }
    while (at < end && frame[at] === space) at += 1;
    return at === end;
  }
}

function withoutSpaces(bytes: Buffer): Buffer {
  const kept = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  for (const byte of bytes) if (byte !== space) kept[length++] = byte;
  return kept.subarray(0, length);
}

/** Where the value of `"key":"` begins at or after `from`; -1 when it is no string. */
function stringValueStart(frame: Buffer, from: number, end: number, key: string): number {
  const keyAt = frame.indexOf(`"${key}"`, from);
  if (keyAt === -1 || keyAt >= end) return -1;
  let at = keyAt + Buffer.byteLength(key) + 2;
  while (at < end && (frame[at] === space || frame[at] === 0x3a)) at += 1;
  return at < end && frame[at] === quote ? at + 1 : -1;
}

/** Offset of the quote that ends the JSON string whose content begins at `start`. */
export function stringEnd(bytes: Buffer, start: number, end: number): number {
  let quoteAt = bytes.indexOf(quote, start);
  while (quoteAt !== -1 && quoteAt < end) {
    let slashes = 0;
    while (quoteAt - slashes > start && bytes[quoteAt - slashes - 1] === backslash) slashes += 1;
    if (slashes % 2 === 0) return quoteAt;
    quoteAt = bytes.indexOf(quote, quoteAt + 1);
  }
  return -1;
}

function saysTheSame(frame: Buffer, start: number, end: number, text: string): boolean {
  try {
    return JSON.parse(frame.toString("utf8", start - 1, end + 1)) === text;
  } catch {
    return false;
  }
}
