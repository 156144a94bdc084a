import { seedOf } from "./random.ts";

const leastTokens = 1024;
const mostPrefixes = 10_000;

/** Remembers the prefixes it was sent, as a provider's prompt cache does. */
export class PromptCache {
  readonly #seen = new Set<number>();

  /** Whether this prefix was there already; it is from now on. Prefixes under 1,024 tokens are never cached. */
  visit(prefix: string, tokens: number): "hit" | "written" | "too small" {
    if (tokens < leastTokens) return "too small";
    const key = seedOf(prefix);
    if (this.#seen.has(key)) return "hit";
    if (this.#seen.size >= mostPrefixes) this.#seen.clear();
    this.#seen.add(key);
    return "written";
  }
}
