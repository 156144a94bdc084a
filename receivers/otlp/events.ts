import type { EventDefinition } from "@weir/model";

export const otlpEvents = {
  spansAccepted: {
    level: "debug",
    message: "Spans were accepted over OTLP.",
    counter: "otlp_spans_accepted",
    labels: ["transport"],
  },
  logRecordsAccepted: {
    level: "debug",
    message: "Log records were accepted over OTLP.",
    counter: "otlp_log_records_accepted",
    labels: ["transport"],
  },
  metricPointsAccepted: {
    level: "debug",
    message: "Points of metrics were accepted over OTLP.",
    counter: "otlp_metric_points_accepted",
    labels: ["transport"],
  },
  itemsRejected: {
    level: "debug",
    message: "Items of an OTLP export were refused; the rest was taken.",
    counter: "otlp_items_rejected",
    labels: ["transport", "signal"],
  },
  bytesReceived: {
    level: "debug",
    message: "An OTLP export was read.",
    counter: "otlp_received_bytes",
    labels: ["transport"],
  },
  requestRejected: {
    level: "debug",
    message: "An OTLP export was wrong.",
    counter: "otlp_requests_rejected",
    labels: ["transport", "code"],
  },
  requestRefused: {
    level: "warn",
    message: "An OTLP export could not be taken.",
    counter: "otlp_requests_refused",
    labels: ["transport", "code"],
  },
} as const satisfies Record<string, EventDefinition>;
