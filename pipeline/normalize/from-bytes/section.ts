import type { Attributes, InstrumentationScope, Span } from "@weir/otlp";
import { GrowingBytes } from "../../blocks/growing-bytes.ts";
import { textOf } from "../attribute-value.ts";
import { keptAttributes } from "../kept-attributes.ts";

/** What the spans of one resource and scope have in common. */
export interface Section {
  readonly resource: Attributes;
  readonly scope: InstrumentationScope;
  readonly serviceName: string;
  /** Of the resource; a span's own comes before it. */
  readonly environment: string;
  /** What is kept of resource and scope among the attributes of each span, unless it has a key of the same name. */
  readonly keys: readonly string[];
  /** The same as texts of columns, one behind the other. */
  readonly keyBytes: Uint8Array;
  readonly valueBytes: Uint8Array;
}

/** Reads it once for all of its spans. */
export function sectionOf(resource: Attributes, scope: InstrumentationScope): Section {
  const spanless = { attributes: {}, events: [], links: [], resource, scope } as unknown as Span;
  const kept = keptAttributes(spanless, new Set());
  return {
    resource,
    scope,
    serviceName: textOf(resource["service.name"]) ?? "",
    environment: textOf(resource["deployment.environment.name"]) ?? textOf(resource["deployment.environment"]) ?? "",
    keys: Object.keys(kept),
    keyBytes: texts(Object.keys(kept)),
    valueBytes: texts(Object.values(kept)),
  };
}

function texts(list: readonly string[]): Uint8Array {
  const bytes = new GrowingBytes();
  for (const text of list) bytes.appendText(text);
  const copy = new Uint8Array(bytes.length);
  bytes.copyInto(copy, 0);
  return copy;
}
