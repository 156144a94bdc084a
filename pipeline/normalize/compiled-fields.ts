import type { AnyValue, Attributes } from "@weir/otlp";
import { type FieldReaderName, fieldReaders } from "./field-readers.ts";
import { type Field, type FieldName, fields } from "./fields.ts";

/** One use of an attribute: it sets the field unless one of a lower rank did. */
export interface FieldUse {
  readonly field: FieldName;
  readonly rank: number;
  readonly as: FieldReaderName;
}

/** The table by attribute key: what a decoder looks each key up in. Made once, when the process starts. */
export const fieldUses: ReadonlyMap<string, readonly FieldUse[]> = compile();

function compile(): Map<string, FieldUse[]> {
  const uses = new Map<string, FieldUse[]>();
  for (const [name, field] of Object.entries(fields) as [FieldName, Field][]) {
    for (const [rank, source] of field.from.entries()) {
      const { key, as } = typeof source === "string" ? { key: source, as: field.as } : source;
      const use = { field: name, rank, as };
      const others = uses.get(key);
      if (others === undefined) uses.set(key, [use]);
      else others.push(use);
    }
  }
  return uses;
}

type Read<Reader extends FieldReaderName> = Exclude<ReturnType<(typeof fieldReaders)[Reader]>, undefined>;
type SourceOf<Name extends FieldName> = (typeof fields)[Name]["from"][number];
type ReaderOf<Name extends FieldName> =
  | (typeof fields)[Name]["as"]
  | (SourceOf<Name> extends infer Source ? (Source extends { as: infer Reader } ? Reader : never) : never);

/** The fields that a span's attributes tell, each from the attribute that comes first in the table. */
export type FieldValues = {
  -readonly [Name in FieldName]?: Read<Extract<ReaderOf<Name>, FieldReaderName>>;
};

/** Reads all fields in one pass over the attributes. Never throws. */
export function readFields(attributes: Attributes): FieldValues {
  const values: Partial<Record<FieldName, unknown>> = {};
  const ranks: Partial<Record<FieldName, number>> = {};
  for (const key of Object.keys(attributes)) {
    const uses = fieldUses.get(key);
    if (uses === undefined) continue;
    for (const { field, rank, as } of uses) {
      const known = ranks[field];
      if (known !== undefined && known < rank) continue;
      const value = fieldReaders[as](attributes[key] as AnyValue);
      if (value === undefined) continue;
      values[field] = value;
      ranks[field] = rank;
    }
  }
  return values as FieldValues;
}
