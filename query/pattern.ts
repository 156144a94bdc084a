/** A piece of a wildcard pattern: literal text, or a star. */
export type PatternPart = { readonly text: string } | "star";

/** The pieces of a pattern in which `*` is any text and `\` makes the next character literal. */
export function partsOfPattern(pattern: string): PatternPart[] {
  const parts: PatternPart[] = [];
  let text = "";
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? "";
    if (character === "*") {
      if (text !== "") parts.push({ text });
      if (parts.at(-1) !== "star") parts.push("star");
      text = "";
    } else if (character === "\\" && at + 1 < pattern.length) text += pattern[++at];
    else text += character;
  }
  if (text !== "") parts.push({ text });
  return parts;
}

/** The pattern of the pieces, in its one spelling. */
export function patternOf(parts: readonly PatternPart[]): string {
  return parts.map((part) => (part === "star" ? "*" : part.text.replaceAll(/[*\\]/g, "\\$&"))).join("");
}
