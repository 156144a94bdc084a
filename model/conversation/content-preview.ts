import { type Part, textOf, toolCallsOf } from "../message.ts";
import { readConversation } from "./read-conversation.ts";

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
  const isText = content_format === "" || content_format === "text";
  const asked = isText || isJson(input) ? lastQuestion({ content_format, input }) : lastQuestionOfCut(input);
  const answered = isText || isJson(output) ? answer({ content_format, output }) : firstTextOfCut(output);
  return { asked: beginningOf(asked || input), answered: beginningOf(answered ?? output) };
}

function isJson(content: string): boolean {
  try {
    JSON.parse(content);
    return true;
  } catch {
    return false;
  }
}

function lastQuestion({ content_format, input }: Omit<PreviewSource, "output">): string {
  const { messages } = readConversation({ content_format, input, output: "" });
  const questions = messages.filter(({ role }) => role === "user").map(({ parts }) => questionOf(parts));
  return questions.findLast((question) => question !== "") ?? "";
}

function questionOf(parts: readonly Part[]): string {
  return textsOf(parts) || mediaOf(parts);
}

/** Undefined when there is nothing that reads as one; vectors have no text, and need none. */
function answer({ content_format, output }: Omit<PreviewSource, "input">): string | undefined {
  const parts = readConversation({ content_format, input: "", output }).response?.parts ?? [];
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
        : lastQuestion({ content_format: "weir.messages", input: message });
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
function firstTextOfCut(output: string): string | undefined {
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

/** As many characters as are shown, none of them halved. */
function beginningOf(text: string): string {
  if (text.length <= previewLength) return text;
  return [...text.slice(0, previewLength * 2)].slice(0, previewLength).join("");
}
