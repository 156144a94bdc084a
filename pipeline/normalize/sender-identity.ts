import type { Attributes } from "@weir/otlp";
import { attributeText, textOf } from "./attribute-value.ts";

/** The columns that say which service sent a record or a point. */
export interface SenderIdentity {
  readonly service_name: string;
  readonly environment: string;
}

/** Of a resource's attributes; empty texts where it does not tell. */
export function senderIdentity(resource: Attributes): SenderIdentity {
  return {
    service_name: textOf(resource["service.name"]) ?? "",
    environment: textOf(resource["deployment.environment.name"]) ?? textOf(resource["deployment.environment"]) ?? "",
  };
}

/** Attributes as a column of texts: structured values as JSON. */
export function textMap(attributes: Attributes): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, attributeText(value)]));
}
