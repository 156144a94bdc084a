import { type PatternPart, partsOfPattern } from "@weir/query";
import { searchableText } from "../schema/render.ts";
import type { Bindings } from "./bindings.ts";
import type { SearchedColumns } from "./filter-columns.ts";

/**
 * A condition that holds where any of the columns has the words of the phrase next to each other, whatever the case of
 * ASCII letters. Words are looked up in the text indexes; their order is checked in what those find.
 */
export function hasPhrase(bindings: Bindings, phrase: string, columns: SearchedColumns): string {
  const spaced = lowerAscii(phrase.trim()).replaceAll(/\s/g, " ");
  const words = [...new Set(spaced.split(/[^0-9a-z\u0080-\u{10ffff}]+/u))].filter((word) => word !== "");
  // Where words are not written in ASCII, they need not be what stands between separators.
  const tokens = words.filter((word) => /^[0-9a-z]+$/.test(word)).map((word) => bindings.bind("String", word));
  const isOneWord = tokens.length === 1 && words[0] === spaced;
  const hasTokens = (text: string) =>
    joined(
      tokens.map((token) => `hasToken(${text}, ${token})`),
      "AND",
    );
  const found = joined(
    searchedTexts(columns).map(({ text }) => hasTokens(text)),
    "OR",
  );
  if (isOneWord) return found;
  const pattern = (form: string) => bindings.bind("String", `%${escapedLike(form)}%`);
  const contentPatterns = contentForms(spaced).map(pattern);
  const plainPatterns = columns.plain.length === 0 ? [] : [pattern(spaced)];
  const inOrder = joined(
    searchedTexts(columns).flatMap(({ text, isContent }) =>
      (isContent ? contentPatterns : plainPatterns).map((form) => `${text} LIKE ${form}`),
    ),
    "OR",
  );
  // The indexes alone answer the first part; texts are read only for the rows that it leaves. They know nothing of the
  // second: without `identity`, ClickHouse would ask them of it too and then read names and messages of all rows.
  return tokens.length === 0 ? inOrder : `(${found} AND identity(${inOrder}))`;
}

/**
 * A condition that holds where any of the columns contains the pattern, whatever the case of ASCII letters. Without a
 * star at its beginning or end the pattern begins or ends with a word.
 */
export function hasPattern(bindings: Bindings, pattern: string, columns: SearchedColumns): string {
  const parts = partsOfPattern(pattern);
  const startsWord = parts[0] !== "star";
  const endsWord = parts.at(-1) !== "star";
  const inner = parts.slice(startsWord ? 0 : 1, endsWord ? undefined : -1);
  const condition = (escaped: (text: string) => string) => {
    const texts = inner.map((part) => (part === "star" ? part : { text: escaped(spacedLower(part.text)) }));
    const like = bindings.bind("String", `%${likeOf(texts)}%`);
    const word = startsWord || endsWord ? bindings.bind("String", wordPattern(texts, startsWord, endsWord)) : undefined;
    return (text: string) =>
      word === undefined ? `${text} LIKE ${like}` : `(${text} LIKE ${like} AND match(${text}, ${word}))`;
  };
  const plain = condition((text) => text);
  const differs = (escaped: (text: string) => string, from: (text: string) => string) =>
    inner.some((part) => part !== "star" && escaped(spacedLower(part.text)) !== from(spacedLower(part.text)));
  const content = [plain];
  if (differs(jsonText, String)) content.push(condition(jsonText));
  if (differs(jsonAscii, jsonText)) content.push(condition(jsonAscii));
  const conditions = [
    ...columns.content.map((column) => anyOfForms(content.map((one) => one(searchableText(column))))),
    ...columns.plain.map((column) => plain(`lower(${column})`)),
  ];
  return joined(conditions, "OR");
}

/** The pattern of `LIKE` and `ILIKE`. */
export function likeOf(parts: readonly PatternPart[]): string {
  return parts.map((part) => (part === "star" ? "%" : escapedLike(part.text))).join("");
}

/** The searched columns as the expressions that their indexes are on. */
function searchedTexts({ content, plain }: SearchedColumns): { text: string; isContent: boolean }[] {
  return [
    ...content.map((column) => ({ text: searchableText(column), isContent: true })),
    ...plain.map((column) => ({ text: `lower(${column})`, isContent: false })),
  ];
}

function joined(conditions: readonly string[], word: "AND" | "OR"): string {
  return conditions.length === 1 ? (conditions[0] ?? "") : `(${conditions.join(` ${word} `)})`;
}

function anyOfForms(conditions: readonly string[]): string {
  return joined(conditions, "OR");
}

/** The text as it may stand in content: as it is, and as JSON would escape it. White space is one space there. */
function contentForms(spaced: string): string[] {
  return [...new Set([spaced, jsonText(spaced), jsonAscii(spaced)])];
}

function jsonText(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** As JSON that keeps to ASCII has it. */
function jsonAscii(text: string): string {
  return jsonText(text).replaceAll(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function spacedLower(text: string): string {
  return lowerAscii(text).replaceAll(/\s/g, " ");
}

/** As `lower` of ClickHouse does it: letters beyond ASCII stay. */
function lowerAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function escapedLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, "\\$&");
}

/** A regular expression of RE2 for the pattern with words at its ends. */
function wordPattern(parts: readonly PatternPart[], startsWord: boolean, endsWord: boolean): string {
  const body = parts.map((part) =>
    part === "star" ? ".*" : part.text.replaceAll(/[^0-9a-z\u0080-\u{10ffff} ]/gu, "\\$&"),
  );
  const [first, last] = [parts[0], parts.at(-1)];
  const isWord = (part: PatternPart | undefined, at: number) =>
    part !== undefined && part !== "star" && /^[0-9a-z]$/.test(part.text.at(at) ?? "");
  const before = startsWord && isWord(first, 0) ? "\\b" : "";
  return `(?s)${before}${body.join("")}${endsWord && isWord(last, -1) ? "\\b" : ""}`;
}
