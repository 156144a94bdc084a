import { contentPreview, previewLength, previewOf } from "@weir/model";
import { BlockColumns } from "../blocks/block-columns.ts";
import { encodedText } from "../blocks/block-edits.ts";
import { copyBytes, GrowingBytes } from "../blocks/growing-bytes.ts";
import type { RowBlock } from "./joint-blocks.ts";
import type { Allocate } from "./journal-reader.ts";
import { PlainMessage } from "./plain-message.ts";

/**
 * What of a side is read for its preview: of an answer the beginning; of what was asked the end, where the last
 * question is, and a little of the beginning, where it is when an image follows it.
 */
const readBytes = 8192;
const headBytes = readBytes / 4;

const question = new PlainMessage(readBytes);
const answer = new PlainMessage(readBytes);

/** The last column that previews, and whatever else the writer does to spans, are made of. */
export const lastReadColumn = "output";

/**
 * A block of spans with the previews of its content as its last columns; the very block when no row has content. They
 * are made here, behind redaction and all rules, so that a preview never holds what its content does not. Throws a
 * RangeError for bytes that are no such block.
 */
export function withPreviews(block: Uint8Array): Uint8Array {
  const columns = new BlockColumns(block, "spans", lastReadColumn);
  const previews = previewColumns(columns, Buffer.allocUnsafe);
  if (previews === undefined) return block;
  return Buffer.concat([...columns.withMore(previewColumnCount), previews]);
}

/**
 * The same without a copy of the block: its rows are the block's own bytes, whose head is changed, and the previews in
 * memory that `allocate` gives.
 */
export function rowsWithPreviews(columns: BlockColumns, allocate: Allocate): RowBlock {
  const { bytes, rowCount } = columns;
  const previews = previewColumns(columns, allocate);
  if (previews === undefined) return { block: bytes, rowCount };
  return { block: columns.takeMore(previewColumnCount), rest: previews, rowCount };
}

const previewColumnCount = 2;
/** Kept for the next block. */
const asked = new GrowingBytes();
const answered = new GrowingBytes();

/** The columns of the previews, undefined when all are empty. */
function previewColumns(columns: BlockColumns, allocate: Allocate): Buffer | undefined {
  asked.clear();
  answered.clear();
  appendPreviews(columns);
  if (asked.length + answered.length === columns.rowCount * 2) return undefined;
  const bytes = allocate(askedHeading.length + asked.length + answeredHeading.length + answered.length);
  let end = copyBytes(askedHeading, askedHeading.length, bytes, 0);
  end = asked.copyInto(bytes, end);
  end = copyBytes(answeredHeading, answeredHeading.length, bytes, end);
  answered.copyInto(bytes, end);
  return bytes;
}

function headingOf(name: string): Buffer {
  return Buffer.concat([encodedText(name), encodedText("String")]);
}

const askedHeading = headingOf("input_preview");
const answeredHeading = headingOf("output_preview");

function appendPreviews(columns: BlockColumns): void {
  const { bytes, rowCount } = columns;
  const formats = columns.textsOf("content_format");
  const inputs = columns.textsOf("input");
  const outputs = columns.textsOf("output");
  // So that a search in one column does not go on through the next.
  const inputBytes = bytes.subarray(0, inputs.at(-1));
  const outputBytes = bytes.subarray(0, outputs.at(-1));
  const words = wordsOf(bytes);
  let format = "";
  let formatFrom = -1;
  for (let row = 0; row < rowCount; row++) {
    const inputFrom = inputs[row * 2] as number;
    const inputTo = inputs[row * 2 + 1] as number;
    const outputFrom = outputs[row * 2] as number;
    const outputTo = outputs[row * 2 + 1] as number;
    if (inputFrom === inputTo && outputFrom === outputTo) {
      asked.appendByte(0);
      answered.appendByte(0);
      continue;
    }
    if (formatFrom !== formats[row * 2]) {
      formatFrom = formats[row * 2] as number;
      format = bytes.toString("latin1", formatFrom, formats[row * 2 + 1]);
    }
    const isList = format === listFormat;
    const hasAsked = isList && question.findLastQuestion(inputBytes, inputFrom, inputTo);
    if (hasAsked) appendPlain(asked, bytes, words, question);
    const hasAnswered = isList && answer.findFirstAnswer(outputBytes, outputFrom, outputTo);
    if (hasAnswered) appendPlain(answered, bytes, words, answer);
    if (hasAsked && hasAnswered) continue;
    const preview = contentPreview({
      content_format: format,
      input: hasAsked ? "" : inputPart(bytes, inputFrom, inputTo),
      output: hasAnswered ? "" : bytes.toString("utf8", outputFrom, Math.min(outputTo, outputFrom + readBytes)),
    });
    if (!hasAsked) asked.appendText(preview.asked);
    if (!hasAnswered) answered.appendText(preview.answered);
  }
}

/** The format of a list of messages, which most spans have. */
const listFormat = "weir.messages";

/** The preview of the text that was found. */
function appendPlain(column: GrowingBytes, bytes: Buffer, words: Uint32Array, found: PlainMessage): void {
  const { textFrom, textTo, hasEscapes } = found;
  const to = Math.min(textTo, textFrom + previewLength);
  if (hasEscapes) column.appendText(previewOf(JSON.parse(bytes.toString("utf8", textFrom - 1, textTo + 1))));
  else if (isAscii(bytes, words, textFrom, to)) column.appendTextRange(bytes, textFrom, to, true);
  else column.appendText(previewOf(bytes.toString("utf8", textFrom, Math.min(textTo, textFrom + previewLength * 4))));
}

/** The memory that the bytes stand in, by four bytes. */
function wordsOf({ buffer }: Buffer): Uint32Array {
  return new Uint32Array(buffer, 0, buffer.byteLength >>> 2);
}

function isAscii(bytes: Buffer, words: Uint32Array, from: number, to: number): boolean {
  const begin = bytes.byteOffset + from;
  const end = bytes.byteOffset + to;
  const firstWord = (begin + 3) >>> 2;
  const lastWord = end >>> 2;
  let all = 0;
  for (let word = firstWord; word < lastWord; word++) all |= words[word] as number;
  if ((all & 0x8080_8080) !== 0) return false;
  for (let at = begin; at < Math.min(firstWord * 4, end); at++) all |= bytes[at - bytes.byteOffset] as number;
  for (let at = Math.max(lastWord * 4, begin); at < end; at++) all |= bytes[at - bytes.byteOffset] as number;
  return (all & 0x80) === 0;
}

function inputPart(bytes: Buffer, from: number, to: number): string {
  if (to - from <= readBytes) return bytes.toString("utf8", from, to);
  return bytes.toString("utf8", from, from + headBytes) + bytes.toString("utf8", to - readBytes + headBytes, to);
}
