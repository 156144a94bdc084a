import type { Telemetry } from "@weir/model";
import {
  decodeLogs,
  decodeMetrics,
  type Metric,
  type PartialSuccess,
  requestFromJson,
  type Signal,
  type Spelling,
} from "@weir/otlp";
import { type Batch, type ExportLedger, ExportWriter, exportKey, type NormalizeContext } from "@weir/pipeline";
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
  readonly #writer: ExportWriter;

  constructor(options: OtlpIntakeOptions) {
    this.options = options;
    this.#writer = new ExportWriter(options.config);
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

  #rowsOf(
    message: Buffer,
    context: NormalizeContext,
    keyId: string,
  ): { batch: Batch | undefined; partial: PartialSuccess | undefined } {
    const { batch, withoutIdsCount, unstorableCount } = this.#writer.write(message, context, keyId);
    const rejectedCount = withoutIdsCount + unstorableCount;
    if (rejectedCount === 0) return { batch, partial: undefined };
    return { batch, partial: { rejectedCount, reason: withoutIdsCount > 0 ? withoutIds : unstorable } };
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
