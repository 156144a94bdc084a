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

const plainMessage = new PlainMessage(readBytes);

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
  for (let row = 0; row < rowCount; row++) {
    const [inputFrom, inputTo] = [inputs[row * 2] as number, inputs[row * 2 + 1] as number];
    const [outputFrom, outputTo] = [outputs[row * 2] as number, outputs[row * 2 + 1] as number];
    if (inputFrom === inputTo && outputFrom === outputTo) {
      asked.appendByte(0);
      answered.appendByte(0);
      continue;
    }
    const format = bytes.toString("latin1", formats[row * 2], formats[row * 2 + 1]);
    const isList = format === listFormat;
    const hasAsked = isList && plainMessage.findLastQuestion(bytes, inputFrom, inputTo);
    if (hasAsked) appendPlain(asked, bytes);
    const hasAnswered = isList && plainMessage.findFirstAnswer(bytes, outputFrom, outputTo);
    if (hasAnswered) appendPlain(answered, bytes);
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
function appendPlain(column: GrowingBytes, bytes: Buffer): void {
  const { textFrom, textTo, hasEscapes } = plainMessage;
  const to = Math.min(textTo, textFrom + previewLength);
  if (!hasEscapes && isAscii(bytes, textFrom, to)) column.appendTextRange(bytes, textFrom, to, true);
  else if (hasEscapes) column.appendText(previewOf(JSON.parse(bytes.toString("utf8", textFrom - 1, textTo + 1))));
  else column.appendText(previewOf(bytes.toString("utf8", textFrom, Math.min(textTo, textFrom + previewLength * 4))));
}

function isAscii(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((bytes[at] as number) > 0x7f) return false;
  return true;
}

function inputPart(bytes: Buffer, from: number, to: number): string {
  if (to - from <= readBytes) return bytes.toString("utf8", from, to);
  return bytes.toString("utf8", from, from + headBytes) + bytes.toString("utf8", to - readBytes + headBytes, to);
}
