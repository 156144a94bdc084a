export interface JsonToken {
  readonly kind: "key" | "string" | "number" | "word" | "plain";
  readonly text: string;
  readonly at: number;
}

const pattern = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null)/g;

/** Cuts JSON text into coloured parts; text that is no JSON comes back whole and plain. Nothing is lost. */
export function colourJson(text: string): JsonToken[] {
  const tokens: JsonToken[] = [];
  let end = 0;
  const push = (kind: JsonToken["kind"], part: string, at: number) => {
    if (part !== "") tokens.push({ kind, text: part, at });
  };
  for (const match of text.matchAll(pattern)) {
    const [whole, quoted, colon, number] = match;
    push("plain", text.slice(end, match.index), end);
    end = match.index + whole.length;
    if (quoted === undefined) push(number === undefined ? "word" : "number", whole, match.index);
    else if (colon === undefined) push("string", quoted, match.index);
    else {
      push("key", quoted, match.index);
      push("plain", colon, match.index + quoted.length);
    }
  }
  push("plain", text.slice(end), end);
  return tokens;
}

/** The JSON with two spaces of indent, or undefined when the text is no JSON. */
export function prettyJson(text: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return undefined;
  }
}
