import type { EventDefinition } from "@weir/model";

export const restEvents = {
  spansAccepted: { level: "debug", message: "Spans were accepted over REST.", counter: "rest_spans_accepted" },
  rejected: {
    level: "debug",
    message: "A REST request was wrong.",
    counter: "rest_requests_rejected",
    labels: ["code"],
  },
  refused: {
    level: "warn",
    message: "A REST request could not be taken.",
    counter: "rest_requests_refused",
    labels: ["code"],
  },
} as const satisfies Record<string, EventDefinition>;
