import { billedKinds, noSpanId, type SpanRow, unknownCost, unknownUsage } from "@weir/model";

/**
 * Marks the spans among the rows that tell of a call that another of them tells of too: an SDK's own span below that of
 * an instrumentation, two instrumentations of one SDK, a wrapper that calls itself by its content's name. One of them
 * stays the call: the one that knows its usage, then the one that has the content, then the inner one. The others
 * become `chain`, which nothing bills or counts as a call, say of which call in `weir.duplicate_of`, and keep their
 * attributes. Rows are changed in place. Spans are compared within their trace only, and only where both are here.
 */
export function markDuplicates(rows: readonly SpanRow[]): void {
  const calls = rows.filter((row) => billedKinds.has(row.kind));
  if (calls.length < 2) return;
  for (const group of repetitions(calls)) {
    const [call, ...others] = [...group].sort(better);
    if (call !== undefined) for (const other of others) becomeDuplicate(other, call.span_id);
  }
}

/** Groups of rows that tell of one call: linked by a response id, or as only child and parent. */
function repetitions(calls: readonly SpanRow[]): SpanRow[][] {
  const groupOf = new Map<SpanRow, SpanRow[]>(calls.map((row) => [row, [row]]));
  const join = (one: SpanRow, other: SpanRow) => {
    const [group, joined] = [groupOf.get(one) ?? [], groupOf.get(other) ?? []];
    if (group === joined) return;
    for (const row of joined) groupOf.set(row, group);
    group.push(...joined);
  };
  const byAnswer = new Map<string, SpanRow>();
  const bySpan = new Map(calls.map((row) => [`${row.trace_id} ${row.span_id}`, row]));
  const children = new Map<SpanRow, SpanRow[]>();
  for (const row of calls) {
    if (row.response_id !== "") {
      const key = `${row.trace_id} ${row.kind} ${row.response_id}`;
      const same = byAnswer.get(key);
      if (same === undefined) byAnswer.set(key, row);
      else join(same, row);
    }
    const parent = row.parent_span_id === noSpanId ? undefined : bySpan.get(`${row.trace_id} ${row.parent_span_id}`);
    if (parent === undefined || parent.kind !== row.kind) continue;
    const inner = children.get(parent);
    if (inner === undefined) children.set(parent, [row]);
    else inner.push(row);
  }
  for (const [parent, inner] of children) {
    const [only, ...more] = inner;
    if (only !== undefined && more.length === 0) join(only, parent);
    // Retries and batches: the inner spans are the calls, and the parent repeats one of them or their sum.
    else if (only !== undefined) becomeDuplicate(parent, only.span_id);
  }
  return [...new Set(groupOf.values())].map((group) => group.filter((row) => billedKinds.has(row.kind)));
}

function better(one: SpanRow, other: SpanRow): number {
  const order = worth(other) - worth(one);
  if (order !== 0) return order;
  if (one.parent_span_id === other.span_id) return -1;
  return other.parent_span_id === one.span_id ? 1 : 0;
}

function worth(row: SpanRow): number {
  const knowsUsage = row.input_tokens !== null || row.output_tokens !== null;
  return (knowsUsage ? 2 : 0) + (row.input !== "" || row.output !== "" ? 1 : 0);
}

/** The row tells of a call that the span of that id tells of too: from now on it is a step. */
export function becomeDuplicate(row: SpanRow, spanId: string): void {
  row.attributes = { ...row.attributes, "weir.duplicate_of": spanId, "weir.duplicate_kind": row.kind };
  row.kind = "chain";
  Object.assign(row, unknownUsage, unknownCost, { usage_source: "none" });
}
