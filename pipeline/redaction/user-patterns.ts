import { RE2JS } from "re2js";
import { anchorsOf } from "./pattern-anchors.ts";

/** A pattern of the user's own, by the name that its matches are replaced with. */
export interface UserPattern {
  readonly name: string;
  /** In RE2's syntax: no look-around, no back-references, and so no text on which it takes long. */
  readonly pattern: string;
}

export interface CompiledPattern {
  readonly name: string;
  /** See `anchorsOf`. */
  readonly anchors: readonly Buffer[] | undefined;
  /** The text without its matches, and how many there were; undefined when there are none. */
  replace(text: string, replacement: string): { readonly text: string; readonly count: number } | undefined;
}

/** What is wrong with a pattern; undefined when it can be used. */
export function problemOfPattern(pattern: string): string | undefined {
  try {
    const compiled = RE2JS.compile(pattern);
    return compiled.matcher("").find() ? "matches the empty text, and so everywhere" : undefined;
  } catch (error) {
    return `cannot be read as RE2: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Throws for a pattern that `problemOfPattern` complains of. */
export function compilePattern({ name, pattern }: UserPattern): CompiledPattern {
  const compiled = RE2JS.compile(pattern);
  return {
    name,
    anchors: anchorsOf(compiled),
    replace(text, replacement) {
      const matcher = compiled.matcher(text);
      const parts: string[] = [];
      let end = 0;
      while (matcher.find()) {
        if (matcher.start() === matcher.end()) continue;
        parts.push(text.slice(end, matcher.start()), replacement);
        end = matcher.end();
      }
      if (parts.length === 0) return undefined;
      return { text: parts.join("") + text.slice(end), count: parts.length / 2 };
    },
  };
}
