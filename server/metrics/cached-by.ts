import type { SpanRow } from "@weir/model";

type LabelField = {
  [Name in keyof SpanRow]: SpanRow[Name] extends string | number | null ? Name : never;
}[keyof SpanRow];

/**
 * Finds what belongs to a row by these fields, and makes it at the first time; past `limit` it is made each time. The
 * first field parts the rows; within it the others are compared one by one, which is quicker than joining them.
 */
export function cachedBy<Value>(
  fields: readonly [LabelField, ...LabelField[]],
  limit: number,
  create: (row: SpanRow) => Value,
): (row: SpanRow) => Value {
  const [first, ...others] = fields;
  const entries = new Map<SpanRow[LabelField], { values: SpanRow[LabelField][]; value: Value }[]>();
  let size = 0;
  return (row) => {
    let candidates = entries.get(row[first]);
    if (candidates !== undefined) {
      for (const { values, value } of candidates) {
        let index = 0;
        while (index < others.length && values[index] === row[others[index] as LabelField]) index += 1;
        if (index === others.length) return value;
      }
    }
    const value = create(row);
    if (size >= limit) return value;
    size += 1;
    if (candidates === undefined) {
      candidates = [];
      entries.set(row[first], candidates);
    }
    candidates.push({ values: others.map((field) => row[field]), value });
    return value;
  };
}
