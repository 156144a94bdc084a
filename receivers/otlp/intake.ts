import { defaultRetention, type Retention, type Telemetry } from "@weir/model";
import { type PartialSuccess, requestFromJson, type Signal, type Spelling } from "@weir/otlp";
import { type ExportLedger, exportKey } from "@weir/pipeline";
import type { ReceiversConfig } from "../config.ts";
import { InFlightBytes } from "../in-flight-bytes.ts";
import type { Sender, SenderRules } from "../sender.ts";
import { otlpEvents } from "./events.ts";
import { LogRows } from "./log-rows.ts";
import { MetricPointRowMaker } from "./metric-point-rows.ts";
import { SpanRows } from "./span-rows.ts";
import type { RowMaker } from "./taken-rows.ts";

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

const acceptedEvents = {
  traces: otlpEvents.spansAccepted,
  logs: otlpEvents.logRecordsAccepted,
  metrics: otlpEvents.metricPointsAccepted,
} as const satisfies Record<Signal, unknown>;

const retentionKinds = {
  traces: "spansDays",
  logs: "logsDays",
  metrics: "metricPointsDays",
} as const satisfies Record<Signal, keyof Retention>;

/** What OTLP's transports share: an export goes in, and what is to be answered comes out. */
export class OtlpIntake {
  readonly options: OtlpIntakeOptions;
  readonly inFlight: InFlightBytes;
  readonly #makers: Record<Signal, RowMaker>;

  constructor(options: OtlpIntakeOptions) {
    this.options = options;
    this.#makers = {
      traces: new SpanRows(options.config),
      logs: new LogRows(),
      metrics: new MetricPointRowMaker(),
    };
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
    const partial = await this.#takeOnce(received, message);
    if (partial !== undefined && partial.rejectedCount > 0) {
      telemetry.emit(otlpEvents.itemsRejected, { transport, signal }, partial.rejectedCount);
    }
    return partial;
  }

  async #takeOnce(received: ReceivedExport, message: Buffer): Promise<PartialSuccess | undefined> {
    const { sender, sent, signal, transport } = received;
    const { ledger, telemetry, config, retentionOf } = this.options;
    const projectId = sender.projectFor(undefined);
    let rejected: PartialSuccess | undefined;
    let accepted = 0;
    await ledger.takeOnce(exportKey(projectId, sent), () => {
      // Without a pause between: a signal's buffers are shared by all requests.
      const retentionDays = (retentionOf?.(projectId) ?? defaultRetention)[retentionKinds[signal]];
      const context = { projectId, retentionDays, keyId: sender.keyId, mostItems: config.maxExportItems };
      const { batch, partial } = this.#makers[signal].rowsOf(message, context);
      rejected = partial;
      accepted = batch?.rowCount ?? 0;
      return batch;
    });
    if (accepted > 0) telemetry.emit(acceptedEvents[signal], { transport }, accepted);
    return rejected;
  }
}
