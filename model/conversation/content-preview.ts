import { type Message, type Part, textOf, toolCallsOf } from "../message.ts";
import { readRequest, readResponse } from "./read-conversation.ts";

/** What lists show of a row's content. At most `previewLength` characters each. */
export interface ContentPreview {
  /** The last thing that the user said. */
  readonly asked: string;
  /** The answer, or the tool call that it is. */
  readonly answered: string;
}

/** Content of which either side may be cut: of what was asked the end is there, of the answer the beginning. */
export interface PreviewSource {
  readonly content_format: string;
  readonly input: string;
  readonly output: string;
}

export const previewLength = 200;

/**
 * The preview of a row's content, as `readConversation` understands it; of a side that was cut, what can be made out of
 * the rest; of content that holds no text, its beginning. Pure; never throws.
 */
export function contentPreview({ content_format, input, output }: PreviewSource): ContentPreview {
  const request = readRequest(content_format, input);
  const asked = request === undefined ? lastQuestionOfCut(input) : lastQuestion(request.messages);
  const response = readResponse(content_format, output);
  const answered = response === undefined ? answerOfCut(content_format, output) : answer(response[0]?.parts ?? []);
  return { asked: previewOf(asked || input), answered: previewOf(answered ?? output) };
}

function lastQuestion(messages: readonly Message[]): string {
  for (let index = messages.length - 1; index >= 0; index--) {
    const message = messages[index];
    const question = message?.role === "user" ? questionOf(message.parts) : "";
    if (question !== "") return question;
  }
  return "";
}

function questionOf(parts: readonly Part[]): string {
  return textsOf(parts) || mediaOf(parts);
}

/** Undefined when there is nothing that reads as one; vectors have no text, and need none. */
function answer(parts: readonly Part[]): string | undefined {
  const [call] = toolCallsOf(parts);
  const text = textsOf(parts) || (call === undefined ? mediaOf(parts) : `${call.name}(${call.arguments})`);
  return text === "" && !isVectors(parts) ? undefined : text;
}

/** Texts, errors and refusals, apart. */
function textsOf(parts: readonly Part[]): string {
  const texts = parts.map((part) => (part.type === "error" || part.type === "refusal" ? part.text : textOf([part])));
  return texts.filter((text) => text !== "").join(" ");
}

const mediaTypes = new Set(["image", "audio", "video", "document"]);

function mediaOf(parts: readonly Part[]): string {
  const media = parts.filter(({ type }) => mediaTypes.has(type));
  return media.map(({ type }) => `[${type}]`).join(" ");
}

function isVectors(parts: readonly Part[]): boolean {
  return parts.length > 0 && parts.every(({ type }) => type === "embedding");
}

/** Of content that no list hands over whole, the end is enough. */
const cutLength = 16_384;

/** The question in the last message of a user that has one, whole or cut. */
function lastQuestionOfCut(whole: string): string {
  const input = whole.slice(-cutLength);
  const roles = [...input.matchAll(/"role":\s?"user"/g)].map(({ index }) => index);
  for (const at of roles.reverse()) {
    const message = wholeObject(input, input.lastIndexOf("{", at));
    const question =
      message === undefined
        ? firstText(input.slice(at))
        : lastQuestion(readRequest("weir.messages", message)?.messages ?? []);
    if (question !== undefined && question !== "") return question;
  }
  return "";
}

/** The JSON object that begins there; undefined when it does not end. */
function wholeObject(json: string, from: number): string | undefined {
  if (from < 0) return undefined;
  let depth = 0;
  for (const { 0: token, index } of json.slice(from).matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/gs)) {
    if (token === "{" || token === "[") depth++;
    else if ((token === "}" || token === "]") && --depth === 0) return json.slice(from, from + index + 1);
  }
  return undefined;
}

/** The first text of an answer that ends anywhere; undefined when it has none. */
function answerOfCut(format: string, output: string): string | undefined {
  if (format.includes(".embed")) return "";
  return /^\s*[[{]/.test(output) ? firstText(output.slice(0, cutLength)) : undefined;
}

/** The first text in JSON that is cut; the text may be, too. */
function firstText(json: string): string | undefined {
  const [, text] = /"(?:text|content)":\s?"((?:[^"\\]|\\.)+)/s.exec(json) ?? [];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(`"${text}"`);
  } catch {
    return text;
  }
}

/** What a preview shows of a text: as many characters as it may have, none of them halved. */
export function previewOf(text: string): string {
  if (text.length <= previewLength) return text;
  const beginning = text.slice(0, previewLength);
  if (!/[\ud800-\udfff]/.test(beginning)) return beginning;
  return [...text.slice(0, previewLength * 2)].slice(0, previewLength).join("");
}
