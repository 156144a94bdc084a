import { contentPreview, previewLength, previewOf } from "@weir/model";
import { BlockColumns } from "../blocks/block-columns.ts";
import { encodedText, encodedVaruint } from "../blocks/block-edits.ts";
import { GrowingBytes } from "../blocks/growing-bytes.ts";
import { PlainMessage } from "./plain-message.ts";

/**
 * What of a side is read for its preview: of an answer the beginning; of what was asked the end, where the last
 * question is, and a little of the beginning, where it is when an image follows it.
 */
const readBytes = 8192;
const headBytes = readBytes / 4;

const plainMessage = new PlainMessage(readBytes);

/**
 * A block of spans with the previews of its content as its last columns; the very block when no row has content. They
 * are made here, behind redaction and all rules, so that a preview never holds what its content does not. Throws a
 * RangeError for bytes that are no such block.
 */
export function withPreviews(block: Uint8Array): Uint8Array {
  const columns = new BlockColumns(block, "spans", "output");
  const { bytes, rowCount, begin, end, count } = columns;
  const formats = columns.textsOf("content_format");
  const inputs = columns.textsOf("input");
  const outputs = columns.textsOf("output");
  const asked = new GrowingBytes();
  const answered = new GrowingBytes();
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
  if (asked.length + answered.length === rowCount * 2) return block;
  return Buffer.concat([
    encodedVaruint(count + 2),
    encodedVaruint(rowCount),
    bytes.subarray(begin, end),
    ...textColumn("input_preview", asked),
    ...textColumn("output_preview", answered),
  ]);
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

function textColumn(name: string, texts: GrowingBytes): Buffer[] {
  const data = Buffer.allocUnsafe(texts.length);
  texts.copyInto(data, 0);
  return [encodedText(name), encodedText("String"), data];
}
