import type { Message, Part, ToolResultPart } from "@weir/model/browser";

/** Text longer than this is folded to its beginning. */
export const foldedChars = 1800;

export interface Folded {
  readonly shown: string;
  /** Characters that are folded away; 0 when the text is whole. */
  readonly hidden: number;
}

/** The beginning of a long text, cut at the end of a line or a word. A little over the limit is shown whole. */
export function foldText(text: string, limit = foldedChars): Folded {
  if (text.length <= limit * 1.25) return { shown: text, hidden: 0 };
  const cut = text.slice(0, limit);
  const at = [cut.lastIndexOf("\n"), cut.lastIndexOf(" ")].find((index) => index > limit * 0.6) ?? limit;
  const shown = closeFence(text.slice(0, at));
  return { shown, hidden: text.length - at };
}

/** A code fence that the cut left open would swallow what follows. */
function closeFence(text: string): string {
  const fences = text.match(/^ {0,3}```/gm)?.length ?? 0;
  return fences % 2 === 1 ? `${text}\n\`\`\`` : text;
}

/** How many messages stand before the last turn, and can be folded: all but what follows the last user message. */
export function earlierCount(messages: readonly Message[]): number {
  const lastUser = messages.findLastIndex(
    ({ role, parts }) => role === "user" && parts.some(({ type }) => type !== "tool_result"),
  );
  const start = Math.max(0, lastUser);
  return start < 4 ? 0 : start;
}

/** Length of everything that a message says, for the line that stands for folded ones. */
export function lengthOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + partLength(part), 0);
}

function partLength(part: Part): number {
  switch (part.type) {
    case "text":
    case "reasoning":
    case "refusal":
    case "error":
      return part.text.length;
    case "tool_call":
      return part.name.length + part.arguments.length;
    case "tool_result":
      return lengthOf(part.parts);
    default:
      return 0;
  }
}

/** The results of tools, by the id of the call that they answer. */
export function toolResults(messages: readonly Message[]): ReadonlyMap<string, ToolResultPart> {
  const results = new Map<string, ToolResultPart>();
  for (const { parts } of messages) {
    for (const part of parts) if (part.type === "tool_result" && part.id !== "") results.set(part.id, part);
  }
  return results;
}

/**
 * The messages as they are read: a result stands in the card of its call, so messages that hold nothing else are left
 * out. A result whose call is not there stays where it is.
 */
export function withoutPairedResults(messages: readonly Message[]): Message[] {
  const called = new Set(
    messages.flatMap(({ parts }) => parts.flatMap((part) => (part.type === "tool_call" ? [part.id] : []))),
  );
  return messages
    .map((message) => ({
      ...message,
      parts: message.parts.filter((part) => part.type !== "tool_result" || !called.has(part.id)),
    }))
    .filter(({ parts }, index) => parts.length > 0 || messages[index]?.parts.length === 0);
}

/** Whether a text is JSON of more than a bare value, to be shown as such. */
export function jsonOf(text: string): string | undefined {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed) || !/[\]}]$/.test(trimmed)) return undefined;
  try {
    return JSON.stringify(JSON.parse(trimmed), null, 2);
  } catch {
    return undefined;
  }
}
