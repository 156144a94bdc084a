import type { Reply } from "./reply.ts";

/** One thing to write on a stream, and how long to wait before it. */
export interface Frame {
  readonly text: string;
  readonly waitMs: number;
}

/** Hands out the waits of one answer: the first token's, then the gaps between tokens, now and then a stall. */
export class Pace {
  readonly #reply: Reply;
  #first = true;

  constructor(reply: Reply) {
    this.#reply = reply;
  }

  /** The wait before a chunk of so many tokens. Hidden thinking makes the first one late. */
  before(tokens: number): number {
    const { random, behaviour } = this.#reply;
    if (this.#first) {
      this.#first = false;
      return random.logNormal(behaviour.ttftMedianMs, 0.35) + this.#hiddenThinkingMs();
    }
    const gap = random.logNormal((1000 / behaviour.tokensPerSecond) * tokens, 0.45);
    return random.chance(0.004) ? gap + random.between(150, 600) : gap;
  }

  /** How long the whole answer takes when it is not streamed. */
  wholeMs(): number {
    const { random, behaviour, outputTokens } = this.#reply;
    return random.logNormal(behaviour.ttftMedianMs, 0.35) + (outputTokens * 1000) / behaviour.tokensPerSecond;
  }

  #hiddenThinkingMs(): number {
    const { behaviour, reasoningTokens, thought } = this.#reply;
    return thought === "" ? (reasoningTokens * 1000) / behaviour.tokensPerSecond / 4 : 0;
  }
}

/** Groups of one to `most` pieces, as providers send several tokens in one event. */
export function inChunks(pieces: readonly string[], most: number, reply: Reply): { text: string; tokens: number }[] {
  const chunks: { text: string; tokens: number }[] = [];
  for (let index = 0; index < pieces.length; ) {
    const tokens = Math.min(reply.random.between(1, most), pieces.length - index);
    chunks.push({ text: pieces.slice(index, index + tokens).join(""), tokens });
    index += tokens;
  }
  return chunks;
}
