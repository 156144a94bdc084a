import { CodedError, type ProjectId, silentTelemetry } from "@weir/model";
import { encodeTraces, type Span } from "@weir/otlp";
import { MemoryLedger, MemoryLog } from "@weir/pipeline/testing";
import { receiversConfig } from "../config.ts";
import { SenderLimits } from "../sender.ts";
import { OtlpIntake } from "./intake.ts";

/** An intake over memory, with one key, and spans to send to it. */
export class IntakeFixture {
  log = new MemoryLog();
  allowKeyless = true;
  limits: SenderLimits | undefined;
  readonly intake: OtlpIntake;

  constructor() {
    const fixture = this;
    this.intake = new OtlpIntake({
      ledger: new MemoryLedger(() => this.log),
      keys: () => ({
        apiKey: (secret) => (secret === "good-key" ? { id: "key_1", projectId: "shop" as ProjectId } : undefined),
        project: () => undefined,
      }),
      get allowKeyless() {
        return fixture.allowKeyless;
      },
      get limits() {
        return fixture.limits;
      },
      config: receiversConfig.parse({ maxBodyBytes: 100_000, maxInFlightBytes: 1 << 20, maxExportItems: 50 }),
      telemetry: silentTelemetry,
    });
  }

  reset(): void {
    this.log = new MemoryLog();
    this.allowKeyless = true;
    this.limits = undefined;
  }

  /** From here on each address may send so often in a minute. */
  limitTo(perAddressPerMinute: number): void {
    this.limits = new SenderLimits({ perAddressPerMinute }, []);
  }

  fill(): void {
    this.log.refuseWith(new CodedError("JOURNAL_FULL", "full", { retryAfterMs: 2500 }));
  }
}

let spanNumber = 0;

export function sampleSpan(fields: Partial<Span> = {}): Span {
  spanNumber += 1;
  return {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: spanNumber.toString(16).padStart(16, "0"),
    parentSpanId: "",
    traceState: "",
    flags: 1,
    name: "chat gpt-4o",
    kind: 3,
    startTimeUnixNano: 1767323045123456789n,
    endTimeUnixNano: 1767323046123456789n,
    attributes: { "gen_ai.request.model": "gpt-4o", n: 3 },
    events: [],
    links: [],
    statusCode: 0,
    statusMessage: "",
    scope: { name: "test", version: "1", attributes: {} },
    resource: { "service.name": "shop" },
    ...fields,
  };
}

export function samplePayload(...fields: Partial<Span>[]): Buffer {
  return encodeTraces((fields.length === 0 ? [{}] : fields).map(sampleSpan));
}

/** An export of logs with two records, in the JSON form. */
export const logsTree = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "a" } }, {}] }] }] };

const startNano = "1767323045000000000";

/** An export of metrics in the JSON form: a gauge, a sum of two points, and what must be refused. */
export const metricsTree = {
  resourceMetrics: [
    {
      resource: { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] },
      scopeMetrics: [
        {
          metrics: [
            { name: "queue", unit: "1", gauge: { dataPoints: [{ timeUnixNano: startNano, asDouble: "NaN" }] } },
            {
              name: "calls",
              sum: {
                aggregationTemporality: 2,
                isMonotonic: true,
                dataPoints: [
                  { timeUnixNano: startNano, asInt: "5" },
                  { timeUnixNano: startNano, asInt: "7" },
                ],
              },
            },
            { name: "untold", sum: { dataPoints: [{ timeUnixNano: startNano, asInt: "1" }] } },
            {
              name: "unfit",
              histogram: {
                aggregationTemporality: 1,
                dataPoints: [{ timeUnixNano: startNano, count: "1", bucketCounts: ["1"], explicitBounds: [1, 2] }],
              },
            },
          ],
        },
      ],
    },
  ],
};
