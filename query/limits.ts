/** What keeps a filter small enough to read, to print and to run, whoever wrote it. */
export const filterLimits = {
  /** UTF-16 units of a filter in text form. */
  textLength: 4000,
  /** Groups and negations within each other. */
  depth: 20,
  /** Conditions of one filter. */
  conditions: 100,
  /** Values of one list, as in `model:(a,b)`. */
  listValues: 100,
  /** UTF-16 units of one value. */
  valueLength: 1000,
  /** UTF-16 units of an attribute's name. */
  attributeLength: 200,
} as const;

/** What keeps an aggregation small. */
export const aggregationLimits = { measures: 20, groups: 5, having: 10, rows: 10_000 } as const;
