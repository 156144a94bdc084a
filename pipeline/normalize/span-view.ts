import type { SpanKind } from "@weir/model";
import type { Attributes, SpanEvent } from "@weir/otlp";
import type { FieldValues } from "./compiled-fields.ts";

/** What dialects look at: a span, or a log record that carries its content. */
export interface SpanView {
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  readonly kind: SpanKind;
  /** True for a span without a parent. */
  readonly isRoot: boolean;
  readonly fields: FieldValues;
}

/** One side of a span's content, as a dialect found it. */
export interface Side {
  /**
   * `text`; `json` of any shape; `messages`: JSON that `weir.messages` reads; `cut`: JSON that a limit of the sender
   * cut off.
   */
  readonly form: "text" | "json" | "messages" | "cut";
  /** The bytes to store: what was sent, wherever it did not have to be assembled. */
  readonly text: string;
  /** The parsed value of `json` and `messages`. */
  readonly value?: unknown;
  /** The attributes whose values are in `text`, and which need not be stored again. */
  readonly keys: readonly string[];
}

export interface Sides {
  readonly input?: Side | undefined;
  readonly output?: Side | undefined;
}

/** Reads the content of a span that speaks its dialect. Pure, and throws for no value. */
export type ContentDialect = (view: SpanView) => Sides;
