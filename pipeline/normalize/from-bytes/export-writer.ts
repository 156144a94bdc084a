import { billedKinds, latestTimeUnixNano, type SpanRow } from "@weir/model";
import { type Span, SpanCursor } from "@weir/otlp";
import { appendIfStorable, createBlockWriter, type TableRows } from "../../blocks/block-writer.ts";
import { ByteRange } from "../../blocks/byte-range.ts";
import type { Batch } from "../../consumer.ts";
import { checkItemCount } from "../../exports/item-limit.ts";
import { markDuplicates } from "../duplicates.ts";
import { type NormalizeContext, normalizeSpan } from "../normalize-span.ts";
import { answerHash, idHash, RepeatedCalls } from "./repeated-calls.ts";
import { SpanInBytes, type WrittenSpan } from "./span-in-bytes.ts";

export interface ExportWriterOptions {
  /** Exports of more spans are refused. */
  readonly maxExportItems: number;
}

export interface WrittenExport {
  /** Undefined when there are no rows. */
  readonly batch: Batch | undefined;
  /** Spans without a trace id and a span id of their own. */
  readonly withoutIdsCount: number;
  /** Spans with a time or a number that no column holds. */
  readonly unstorableCount: number;
}

/**
 * Makes one block of rows of each ExportTraceServiceRequest: most spans straight from their bytes, the others, and
 * those that may tell of one call twice, by `normalizeSpan` and `markDuplicates`. Reusable: its buffers are kept.
 */
export class ExportWriter {
  readonly #options: ExportWriterOptions;
  readonly #cursor = new SpanCursor();
  readonly #reader = new SpanInBytes(this.#cursor);
  readonly #writer = createBlockWriter("spans");
  readonly #calls = new RepeatedCalls();
  /** Rows of `normalizeSpan` by the number of their span, in their order. */
  #rows = new Map<number, SpanRow>();
  #withoutIdsCount = 0;
  #unstorableCount = 0;

  constructor(options: ExportWriterOptions) {
    this.#options = options;
  }

  /**
   * The rows of the message's spans, in bytes that nobody else holds. Throws a MalformedOtlpError, or BODY_TOO_LARGE
   * for too many spans; nothing is kept then.
   */
  write(message: Uint8Array, context: NormalizeContext, apiKeyId: string): WrittenExport {
    try {
      this.#walk(message, context, apiKeyId, undefined);
      const repeated = this.#calls.find();
      // Rows that were written already cannot be changed: all over, those aside.
      if (this.#hasOtherThanRows(repeated)) this.#walk(message, context, apiKeyId, repeated);
      const rows = [...this.#rows.values()];
      if (rows.length > 1) markDuplicates(rows);
      for (const row of rows) this.#append(row);
      return {
        batch: this.#writer.rowCount === 0 ? undefined : this.#writer.finish(),
        withoutIdsCount: this.#withoutIdsCount,
        unstorableCount: this.#unstorableCount,
      };
    } finally {
      this.#reset();
      this.#cursor.close();
    }
  }

  #reset(): void {
    this.#calls.clear();
    this.#rows = new Map();
    this.#withoutIdsCount = this.#unstorableCount = 0;
    if (this.#writer.rowCount > 0) this.#writer.finish();
  }

  #hasOtherThanRows(ordinals: ReadonlySet<number>): boolean {
    for (const ordinal of ordinals) if (!this.#rows.has(ordinal)) return true;
    return false;
  }

  /** Writes what can be written from bytes, and gathers rows of the others; `aside` are to be rows in any case. */
  #walk(
    message: Uint8Array,
    context: NormalizeContext,
    apiKeyId: string,
    aside: ReadonlySet<number> | undefined,
  ): void {
    const known = this.#rows;
    this.#reset();
    const cursor = this.#cursor;
    cursor.open(message);
    this.#reader.begin(context, apiKeyId);
    for (let ordinal = 0; cursor.next(); ordinal++) {
      if (!cursor.hasIds) {
        this.#withoutIdsCount++;
        continue;
      }
      const takenCount = ordinal - this.#withoutIdsCount - this.#unstorableCount;
      checkItemCount(takenCount + 1, this.#options.maxExportItems, "spans");
      const written = aside?.has(ordinal) === true ? undefined : this.#reader.read();
      if (written !== undefined) {
        this.#append(written);
        if (aside === undefined && billedKinds.has(written.kind as string))
          this.#note(ordinal, written.kind as string, written.response_id);
        continue;
      }
      const row = known.get(ordinal) ?? this.#rowOf(cursor.span(), context, apiKeyId);
      if (row === undefined) continue;
      this.#rows.set(ordinal, row);
      if (aside === undefined && billedKinds.has(row.kind)) this.#note(ordinal, row.kind, row.response_id);
    }
  }

  #rowOf(span: Span, context: NormalizeContext, apiKeyId: string): SpanRow | undefined {
    if (span.startTimeUnixNano > latestTimeUnixNano || span.endTimeUnixNano > latestTimeUnixNano) {
      this.#unstorableCount++;
      return undefined;
    }
    const row = normalizeSpan(span, context);
    row.api_key_id = apiKeyId;
    return row;
  }

  /** A call of the cursor's span, for `markDuplicates` in case another one tells of it too. */
  #note(ordinal: number, kind: string, responseId: WrittenSpan["response_id"]): void {
    const { bytes, traceIdFrom, spanIdFrom, parentSpanIdFrom, hasParent } = this.#cursor;
    const span = idHash(bytes, traceIdFrom, bytes, spanIdFrom);
    const parent = hasParent ? idHash(bytes, traceIdFrom, bytes, parentSpanIdFrom) : 0;
    this.#calls.add(ordinal, span, parent, this.#answerHash(kind, responseId));
  }

  #answerHash(kind: string, responseId: WrittenSpan["response_id"]): number {
    if (responseId === "") return 0;
    const { bytes, traceIdFrom } = this.#cursor;
    if (responseId instanceof ByteRange) {
      return answerHash(bytes, traceIdFrom, kind, responseId.bytes, responseId.from, responseId.to);
    }
    const text = Buffer.from(responseId);
    return answerHash(bytes, traceIdFrom, kind, text, 0, text.length);
  }

  #append(row: TableRows["spans"]): void {
    if (!appendIfStorable(this.#writer, row)) this.#unstorableCount++;
  }
}
