import { CodedError, type SpanRow, type Telemetry } from "@weir/model";
import {
  decodeLogs,
  decodeMetrics,
  type Metric,
  type PartialSuccess,
  requestFromJson,
  type Signal,
  type Span,
  SpanCursor,
  type Spelling,
} from "@weir/otlp";
import {
  type Batch,
  type BlockWriter,
  createBlockWriter,
  type ExportLedger,
  exportKey,
  type NormalizeContext,
  normalizeSpans,
} from "@weir/pipeline";
import type { ReceiversConfig } from "../config.ts";
import { InFlightBytes } from "../in-flight-bytes.ts";
import type { Sender, SenderRules } from "../sender.ts";
import { otlpEvents } from "./events.ts";

export interface OtlpIntakeOptions extends SenderRules {
  readonly ledger: ExportLedger;
  readonly config: ReceiversConfig;
  readonly telemetry: Telemetry;
}

/** One export as a transport received it. */
export interface ReceivedExport {
  readonly signal: Signal;
  readonly transport: "http" | "grpc";
  readonly spelling: Spelling;
  /** The message, inflated. */
  readonly message: Buffer;
  /** The bytes as they were sent, by which an export is known when it comes again. */
  readonly sent: Buffer;
  readonly sender: Sender;
}

/** What OTLP's transports share: an export goes in, and what is to be answered comes out. */
export class OtlpIntake {
  readonly options: OtlpIntakeOptions;
  readonly inFlight: InFlightBytes;
  readonly #cursor = new SpanCursor();
  readonly #writer = createBlockWriter("spans");

  constructor(options: OtlpIntakeOptions) {
    this.options = options;
    this.inFlight = new InFlightBytes(options.config.maxInFlightBytes);
  }

  /**
   * Resolves once all that can be taken of the export is durable, with what could not. Rejects with a CodedError when
   * nothing was taken: BAD_REQUEST for a malformed message, a retryable one when there is no room.
   */
  async take(received: ReceivedExport): Promise<PartialSuccess | undefined> {
    const { signal, transport, spelling, sent } = received;
    const { telemetry } = this.options;
    telemetry.emit(otlpEvents.bytesReceived, { transport }, sent.length);
    const message = spelling === "json" ? requestFromJson(signal, received.message) : received.message;
    const partial = signal === "traces" ? await this.#takeTraces(received, message) : unstored(signal, message);
    if (partial !== undefined && partial.rejectedCount > 0) {
      telemetry.emit(otlpEvents.itemsRejected, { transport, signal }, partial.rejectedCount);
    }
    return partial;
  }

  async #takeTraces({ sender, sent, transport }: ReceivedExport, message: Buffer): Promise<PartialSuccess | undefined> {
    const { ledger, telemetry } = this.options;
    const projectId = sender.projectFor(undefined);
    let rejected: PartialSuccess | undefined;
    let accepted = 0;
    await ledger.takeOnce(exportKey(projectId, sent), () => {
      const { batch, partial } = this.#rowsOf(message, { projectId }, sender.keyId);
      rejected = partial;
      accepted = batch?.rowCount ?? 0;
      return batch;
    });
    if (accepted > 0) telemetry.emit(otlpEvents.spansAccepted, { transport }, accepted);
    return rejected;
  }

  /** Without a pause between: writer and cursor are shared by all requests. */
  #rowsOf(
    message: Buffer,
    context: NormalizeContext,
    keyId: string,
  ): { batch: Batch | undefined; partial: PartialSuccess | undefined } {
    const cursor = this.#cursor;
    const writer = this.#writer;
    const { maxExportSpans } = this.options.config;
    const spans: Span[] = [];
    let withoutIdsCount = 0;
    let unstorableCount = 0;
    let isWhole = false;
    try {
      cursor.open(message);
      while (cursor.next()) {
        if (!cursor.hasIds) {
          withoutIdsCount++;
          continue;
        }
        if (spans.length === maxExportSpans) {
          throw new CodedError(
            "BODY_TOO_LARGE",
            `The export has more than ${maxExportSpans} spans (receivers.maxExportSpans).`,
          );
        }
        const span = cursor.span();
        if (span.startTimeUnixNano > latestTime || span.endTimeUnixNano > latestTime) {
          unstorableCount++;
          continue;
        }
        spans.push(span);
      }
      // Together: two spans of one export may tell of the same call.
      for (const row of normalizeSpans(spans, context)) {
        row.api_key_id = keyId;
        if (!appended(writer, row)) unstorableCount++;
      }
      isWhole = true;
    } finally {
      cursor.close();
      if (!isWhole) writer.finish();
    }
    const batch = writer.rowCount === 0 ? undefined : writer.finish();
    const rejectedCount = withoutIdsCount + unstorableCount;
    if (rejectedCount === 0) return { batch, partial: undefined };
    return { batch, partial: { rejectedCount, reason: withoutIdsCount > 0 ? withoutIds : unstorable } };
  }
}

/** The last time that ClickHouse's DateTime64(9) holds, in the year 2262. */
const latestTime = 2n ** 63n - 1n;

/** False for a row with a value that no column holds. */
function appended(writer: BlockWriter<SpanRow>, row: SpanRow): boolean {
  try {
    writer.append(row);
    return true;
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return false;
    throw error;
  }
}

const unstorable = "A span has a time or a number that is out of range.";
const withoutIds = "A span needs a trace id of 16 bytes and a span id of 8 bytes that are not all zero.";

/** Logs and metrics are checked and not kept, and the sender is told so. */
function unstored(signal: "logs" | "metrics", message: Buffer): PartialSuccess | undefined {
  const rejectedCount =
    signal === "logs" ? decodeLogs(message).length : decodeMetrics(message).reduce((sum, it) => sum + pointsOf(it), 0);
  if (rejectedCount === 0) return undefined;
  return { rejectedCount, reason: `This version of Weir stores no ${signal} yet; send it traces only.` };
}

function pointsOf({ data }: Metric): number {
  return data.type === "none" ? 0 : data.points.length;
}
