import type { EventDefinition } from "@weir/model";

export const exportEvents = {
  itemsExported: {
    level: "debug",
    message: "Telemetry was exported.",
    counter: "export_items",
    labels: ["destination", "signal"],
  },
  itemsDropped: {
    level: "warn",
    message: "Telemetry was not exported.",
    counter: "export_items_dropped",
    labels: ["destination", "signal", "reason"],
  },
  exportRetried: {
    level: "debug",
    message: "A destination could not take telemetry; it is sent again later.",
    counter: "export_retries",
    labels: ["destination", "signal"],
  },
  destinationFailing: {
    level: "warn",
    message: "A destination does not take telemetry.",
  },
  destinationBack: {
    level: "info",
    message: "A destination takes telemetry again.",
  },
} as const satisfies Record<string, EventDefinition>;
