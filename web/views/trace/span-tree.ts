import type { TraceSpan } from "@weir/api/contract";

export interface SpanNode {
  readonly span: TraceSpan;
  readonly depth: number;
  readonly childCount: number;
  /** Every span below it. */
  readonly descendantCount: number;
  /** Its parent is named, but is not in the trace. */
  readonly isOrphan: boolean;
}

export interface SpanTree {
  readonly roots: readonly TraceSpan[];
  readonly children: ReadonlyMap<string, readonly TraceSpan[]>;
  readonly ids: ReadonlySet<string>;
}

/** The tree that the parents make. Spans whose parent is missing are roots, and so is one of any circle. */
export function spanTree(spans: readonly TraceSpan[]): SpanTree {
  const byId = new Map(spans.map((span) => [span.span_id, span]));
  const children = new Map<string, TraceSpan[]>();
  const roots: TraceSpan[] = [];
  for (const span of byId.values()) {
    const parent = span.parent_span_id;
    const siblings = parent === null ? undefined : children.get(parent);
    if (parent === null || !byId.has(parent) || parent === span.span_id) roots.push(span);
    else if (siblings === undefined) children.set(parent, [span]);
    else siblings.push(span);
  }
  for (const span of unreached(byId, roots, children)) roots.push(span);
  return { roots, children, ids: new Set(byId.keys()) };
}

/** One span of each circle of parents: nothing leads to it from a root. */
function unreached(
  byId: ReadonlyMap<string, TraceSpan>,
  roots: readonly TraceSpan[],
  children: ReadonlyMap<string, readonly TraceSpan[]>,
): TraceSpan[] {
  const reached = new Set<string>();
  const visit = (span: TraceSpan) => {
    const stack = [span];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (reached.has(next.span_id)) continue;
      reached.add(next.span_id);
      stack.push(...(children.get(next.span_id) ?? []));
    }
  };
  roots.forEach(visit);
  const found: TraceSpan[] = [];
  for (const span of byId.values()) {
    if (reached.has(span.span_id)) continue;
    found.push(span);
    visit(span);
  }
  return found;
}

/** The tree in reading order, without what is below collapsed spans. */
export function flattenTree(tree: SpanTree, collapsed: ReadonlySet<string>): SpanNode[] {
  const counts = descendantCounts(tree);
  const nodes: SpanNode[] = [];
  const seen = new Set<string>();
  const stack = tree.roots.toReversed().map((span) => ({ span, depth: 0 }));
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { span, depth } = next;
    if (seen.has(span.span_id)) continue;
    seen.add(span.span_id);
    const below = tree.children.get(span.span_id) ?? [];
    const parent = span.parent_span_id;
    nodes.push({
      span,
      depth,
      childCount: below.length,
      descendantCount: counts.get(span.span_id) ?? 0,
      isOrphan: depth === 0 && parent !== null && !tree.ids.has(parent),
    });
    if (!collapsed.has(span.span_id))
      stack.push(...below.toReversed().map((child) => ({ span: child, depth: depth + 1 })));
  }
  return nodes;
}

function descendantCounts(tree: SpanTree): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const order: TraceSpan[] = [];
  const seen = new Set<string>();
  const stack = [...tree.roots];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (seen.has(next.span_id)) continue;
    seen.add(next.span_id);
    order.push(next);
    stack.push(...(tree.children.get(next.span_id) ?? []));
  }
  for (const { span_id } of order.reverse()) {
    const below = tree.children.get(span_id) ?? [];
    counts.set(
      span_id,
      below.reduce((sum, child) => sum + 1 + (counts.get(child.span_id) ?? 0), 0),
    );
  }
  return counts;
}

/** The spans above one, so that it can be brought into view. */
export function ancestorsOf(spans: readonly TraceSpan[], spanId: string): string[] {
  const byId = new Map(spans.map((span) => [span.span_id, span]));
  const above: string[] = [];
  let parent = byId.get(spanId)?.parent_span_id ?? null;
  while (parent !== null && byId.has(parent) && !above.includes(parent)) {
    above.push(parent);
    parent = byId.get(parent)?.parent_span_id ?? null;
  }
  return above;
}

/** Nanoseconds from `origin` to `time`, both RFC 3339 with up to nine digits. */
export function nanosBetween(origin: string, time: string): number {
  return (Date.parse(time) - Date.parse(origin)) * 1e6 + belowMilliseconds(time) - belowMilliseconds(origin);
}

function belowMilliseconds(time: string): number {
  const digits = /\.(\d+)/.exec(time)?.[1] ?? "";
  return Number(digits.padEnd(9, "0").slice(3, 9));
}

/** Where a span's bar stands in the trace, as shares of its whole time. */
export function barOf(
  trace: { start_time: string; duration_ns: number },
  span: { start_time: string; duration_ns: number },
): { left: number; width: number } {
  const whole = Math.max(1, trace.duration_ns);
  const left = Math.min(1, Math.max(0, nanosBetween(trace.start_time, span.start_time) / whole));
  return { left, width: Math.min(1 - left, Math.max(0, span.duration_ns / whole)) };
}
