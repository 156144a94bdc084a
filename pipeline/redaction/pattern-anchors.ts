import type { RE2JS } from "re2js";

/** What RE2JS knows of a pattern's matches: a text that each has, all of several, or one of several. */
interface Requirement {
  readonly type: number;
  readonly str: string;
  readonly subs: readonly Requirement[];
}

const asciiEscape = /\\+u00([2-7][0-9A-Fa-f])/g;
/** An escape's backslash may itself be written as one; JSON is not looked into any deeper. */
const mostRounds = 4;
const exactly = 1;
const allOf = 2;
const oneOf = 3;
/** A shorter text stands everywhere. */
const leastLength = 2;
/** JSON writes these as they are, unless it writes a letter as `\\u00xx`. */
const unescaped = /[ !#-.0-[\]-~]+/g;

/**
 * Texts of ASCII, one of which is in every match of the pattern, and in the JSON of every text that has one, unless that
 * writes ASCII as `\u00xx`. Undefined where the pattern has no such texts.
 */
export function anchorsOf(pattern: RE2JS): readonly Buffer[] | undefined {
  const requirement = pattern.re2().prefilter as Requirement | null;
  return requirement === null ? undefined : anchorsFor(requirement)?.map((text) => Buffer.from(text));
}

function anchorsFor({ type, str, subs }: Requirement): readonly string[] | undefined {
  if (type === exactly) {
    const [longest] = (str.match(unescaped) ?? []).toSorted((one, other) => other.length - one.length);
    return longest === undefined || longest.length < leastLength ? undefined : [longest];
  }
  if (type === allOf) {
    const choices = subs.map(anchorsFor).filter((anchors) => anchors !== undefined);
    return choices.toSorted((one, other) => shortest(other) - shortest(one))[0];
  }
  if (type !== oneOf) return undefined;
  const each = subs.map(anchorsFor);
  return each.every((anchors) => anchors !== undefined) ? [...new Set(each.flat())] : undefined;
}

function shortest(texts: readonly string[]): number {
  return Math.min(...texts.map(({ length }) => length));
}

/** The text with what JSON, or JSON in JSON, wrote as `\u00xx` of ASCII as it is: a text in which anchors show. */
export function withoutAsciiEscapes(text: string): string {
  let before = text;
  for (let round = 0; round < mostRounds; round++) {
    const after = before.replaceAll(asciiEscape, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
    if (after === before) break;
    before = after;
  }
  return before;
}
