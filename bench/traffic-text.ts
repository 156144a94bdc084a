import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Uniform below a bound; the same seed gives the same sequence. */
export type Pick = (below: number) => number;

export function seededPick(seed: number): Pick {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Makes texts of about so many characters. */
export interface TextSource {
  text(characterCount: number, pick: Pick): string;
}

/**
 * Prose that is new each time, and as predictable as what people and models write: each word is one that followed the
 * two before it somewhere in the recorded exchanges (about 400 KB of prompts, answers and tool descriptions).
 */
export function recordedProse(exchangesFolder: string): TextSource {
  const words = textsOf(exchangesFolder).flatMap((text) => text.split(/\s+/).filter((word) => word.length < 40));
  const followers = new Map<string, number[]>();
  for (let at = 2; at < words.length; at++) {
    const key = `${words[at - 2]} ${words[at - 1]}`;
    const list = followers.get(key);
    if (list === undefined) followers.set(key, [at]);
    else list.push(at);
  }
  return {
    text(characterCount, pick) {
      let at = pick(words.length - 2);
      let text = `${words[at]} ${words[at + 1]}`;
      let previous = at;
      at += 1;
      while (text.length < characterCount) {
        const next = followers.get(`${words[previous]} ${words[at]}`) ?? [pick(words.length)];
        previous = at;
        at = next[pick(next.length)] as number;
        text += ` ${words[at]}`;
      }
      return text;
    },
  };
}

/** Letters and digits without any sense: what nothing can compress below six bits a character. */
export const randomText: TextSource = {
  text: (characterCount, pick) => {
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .";
    return Array.from({ length: characterCount }, () => letters[pick(letters.length)]).join("");
  },
};

/** Every different text of the exchanges that is more than a few words. */
function textsOf(folder: string): string[] {
  const texts = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value === "string") {
      if (value.length > 40 && value.includes(" ")) texts.add(value);
    } else if (typeof value === "object" && value !== null) Object.values(value).forEach(walk);
  };
  for (const name of readdirSync(folder).sort())
    if (name.endsWith(".json")) walk(JSON.parse(readFileSync(join(folder, name), "utf8")));
  return [...texts];
}
