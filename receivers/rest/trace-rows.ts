import { createHash } from "node:crypto";
import {
  billedKinds,
  type ErrorDetail,
  newSpanId,
  newSpanRow,
  newTraceId,
  noSpanId,
  type ProjectId,
  parseSpanId,
  parseTraceId,
  priceUsage,
  type SpanId,
  type SpanKind,
  type SpanRow,
  type TraceId,
  unknownUsage,
  usualOperations,
} from "@weir/model";
import { providerName } from "@weir/pipeline";
import { knownSpanFields, type SpanRequest, type TraceRequest } from "./trace-request.ts";

export interface TraceRows {
  readonly traceId: TraceId;
  /** The name of each span in the request (`span-1` where it had none) → its span id. */
  readonly spanIds: Readonly<Record<string, SpanId>>;
  readonly rows: SpanRow[];
}

interface Step {
  readonly request: SpanRequest;
  readonly name: string;
  readonly spanId: SpanId;
  parentSpanId: SpanId;
  parent: Step | undefined;
  readonly durationNs: number;
  startNs: bigint;
}

/**
 * The rows of one posted trace. Spans without `span_id` are `span-1` … `span-n` by position; ids that are no W3C ids
 * are hashed into one. Spans without times are laid end to end, within their parent or up to `nowNs`. Several spans
 * without a parent get a common root. `problems` is filled, and undefined returned, where parents do not fit.
 */
export function traceRows(
  request: TraceRequest,
  projectId: ProjectId,
  nowNs: bigint,
  problems: ErrorDetail[],
): TraceRows | undefined {
  const traceId = traceIdOf(request.trace_id ?? undefined, projectId);
  const steps = readSteps(request, traceId, problems);
  if (steps === undefined) return undefined;
  placeInTime(steps, nowNs);
  const rows = steps.map((step) => stepRow(step, request, projectId, traceId));
  const roots = rows.filter((row) => row.parent_span_id === noSpanId);
  if (roots.length > 1) rows.unshift(commonRoot(request, roots, projectId, traceId));
  return { traceId, spanIds: Object.fromEntries(steps.map(({ name, spanId }) => [name, spanId])), rows };
}

function traceIdOf(text: string | undefined, projectId: ProjectId): TraceId {
  if (text === undefined) return newTraceId();
  return parseTraceId(text) ?? (hashHex(`${projectId}\0${text}`, 32) as TraceId);
}

function hashHex(text: string, digits: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, digits);
}

function readSteps(request: TraceRequest, traceId: TraceId, problems: ErrorDetail[]): Step[] | undefined {
  const names = request.spans.map((span, index) => span.span_id ?? `span-${index + 1}`);
  const indexes = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    if (indexes.has(name))
      problems.push({ path: `spans[${index}].span_id`, message: "another span of this trace has this id" });
    indexes.set(name, index);
  }
  const parents = request.spans.map((span, index) => readParent(span, index, indexes, problems));
  for (const index of ringsIn(parents)) {
    problems.push({ path: `spans[${index}].parent_span_id`, message: "the span would be its own ancestor" });
  }
  if (problems.length > 0) return undefined;
  const steps = request.spans.map((span, index): Step => {
    const name = names[index] as string;
    return {
      request: span,
      name,
      spanId: spanIdOf(traceId, name),
      parentSpanId: parents[index]?.remote ?? noSpanId,
      parent: undefined,
      durationNs: durationNs(span),
      startNs: 0n,
    };
  });
  for (const [index, step] of steps.entries()) {
    step.parent = steps[parents[index]?.index ?? -1];
    step.parentSpanId = step.parent?.spanId ?? step.parentSpanId;
  }
  return steps;
}

function spanIdOf(traceId: TraceId, name: string): SpanId {
  return parseSpanId(name) ?? (hashHex(`${traceId}\0${name}`, 16) as SpanId);
}

/** A span of the same trace, or one that is somewhere else. */
interface Parent {
  readonly index?: number;
  readonly remote?: SpanId;
}

function readParent(
  { parent_span_id: name }: SpanRequest,
  index: number,
  indexes: ReadonlyMap<string, number>,
  problems: ErrorDetail[],
): Parent {
  if (name == null) return {};
  const parentIndex = indexes.get(name);
  if (parentIndex !== undefined) return { index: parentIndex };
  const remote = parseSpanId(name);
  if (remote !== undefined) return { remote };
  problems.push({
    path: `spans[${index}].parent_span_id`,
    message: `no span of this trace has the id ${JSON.stringify(name)}`,
  });
  return {};
}

/** The spans that are their own ancestors. Walks each span once, however deep the trace is. */
function ringsIn(parents: readonly Parent[]): number[] {
  const walkOf = new Map<number, number>();
  const found: number[] = [];
  for (const start of parents.keys()) {
    let at: number | undefined = start;
    while (at !== undefined && !walkOf.has(at)) {
      walkOf.set(at, start);
      at = parents[at]?.index;
    }
    if (at === undefined || walkOf.get(at) !== start) continue;
    const end = at;
    do {
      found.push(at);
      at = parents[at]?.index ?? end;
    } while (at !== end);
  }
  return found.sort((one, other) => one - other);
}

function durationNs(span: SpanRequest): number {
  if (span.duration_ms != null) return Math.round(span.duration_ms * 1e6);
  if (span.start_time != null && span.end_time != null) {
    return Math.max(0, Number(timeNs(span.end_time) - timeNs(span.start_time)));
  }
  return 0;
}

/** RFC 3339 with up to nine digits of a second → nanoseconds since 1970. */
function timeNs(text: string): bigint {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? "";
  const wholeMs = Date.parse(text.replace(/\.\d+/, ""));
  return BigInt(wholeMs) * 1_000_000n + BigInt(fraction.padEnd(9, "0").slice(0, 9));
}

/** Times that were given hold; the others follow the step before them under the same parent. */
function placeInTime(steps: readonly Step[], nowNs: bigint): void {
  const rootsNs = steps
    .filter(({ parent }) => parent === undefined)
    .reduce((sum, step) => sum + BigInt(step.durationNs), 0n);
  const nextStart = new Map<Step | undefined, bigint>([[undefined, nowNs - rootsNs]]);
  const placed = new Set<Step>();
  const place = (step: Step): void => {
    placed.add(step);
    const { start_time: start, end_time: end } = step.request;
    if (start != null) step.startNs = timeNs(start);
    else if (end != null) step.startNs = timeNs(end) - BigInt(step.durationNs);
    else step.startNs = nextStart.get(step.parent) ?? (step.parent as Step).startNs;
    nextStart.set(step.parent, step.startNs + BigInt(step.durationNs));
  };
  for (const step of steps) {
    const above: Step[] = [];
    for (let at: Step | undefined = step; at !== undefined && !placed.has(at); at = at.parent) above.push(at);
    for (const ancestor of above.reverse()) place(ancestor);
  }
}

function stepRow(step: Step, trace: TraceRequest, projectId: ProjectId, traceId: TraceId): SpanRow {
  const { request } = step;
  const row = newSpanRow(projectId, "rest", step.startNs);
  const kind = kindOf(request, trace);
  row.trace_id = traceId;
  row.span_id = step.spanId;
  row.parent_span_id = step.parentSpanId;
  row.is_entry = step.parent === undefined ? 1 : 0;
  row.duration_ns = step.durationNs;
  row.name = request.name;
  row.kind = kind;
  row.operation = usualOperations[kind] ?? "";
  row.status = request.status;
  row.error_message = request.error_message ?? "";
  row.error_type = request.status === "error" ? "_OTHER" : "";
  addTraceFields(row, trace);
  if (request.metadata != null) row.attributes = { ...row.attributes, ...flatten("metadata", request.metadata) };
  row.attributes = { ...row.attributes, ...ownAttributes(step) };
  addModelAndUsage(row, request, trace);
  addContent(row, request);
  return row;
}

function kindOf(span: SpanRequest, trace: TraceRequest): SpanKind {
  if (span.kind != null) return span.kind;
  if (/embed/i.test(span.name)) return "embedding";
  if (/^(tool|function)[\s_.:-]/i.test(span.name)) return "tool";
  if (span.model || span.prompt_tokens != null || span.completion_tokens != null) return "llm";
  return trace.trace_type === "single_call" ? "llm" : "chain";
}

function addTraceFields(row: SpanRow, trace: TraceRequest): void {
  row.user_id = trace.user_id ?? "";
  row.session_id = trace.session_id ?? "";
  row.tags = trace.tags ?? [];
  row.attributes = {
    "weir.trace_type": trace.trace_type,
    ...(trace.organization_id != null && { "weir.organization_id": trace.organization_id }),
    ...(trace.project_id != null && trace.project_id !== row.project_id && { "weir.project_id": trace.project_id }),
    ...flatten("metadata", trace.metadata ?? {}),
  };
}

function ownAttributes({ request, name, spanId }: Step): Record<string, string> {
  const others = Object.entries(request).filter(([key]) => !knownSpanFields.has(key));
  return { ...flatten("", Object.fromEntries(others)), ...(name !== spanId && { "weir.span_ref": name }) };
}

/** One attribute a leaf: `metadata.team`; lists and deeper values as JSON. */
function flatten(prefix: string, values: Readonly<Record<string, unknown>>): Record<string, string> {
  const entries = Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(
    entries.map(([key, value]) => [
      prefix === "" ? key : `${prefix}.${key}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

function addModelAndUsage(row: SpanRow, span: SpanRequest, trace: TraceRequest): void {
  if (!billedKinds.has(row.kind)) {
    row.provider = providerOf(span.provider);
    row.request_model = span.model ?? "";
    return;
  }
  row.provider = providerOf(span.provider || trace.provider);
  row.request_model = span.model || trace.model || "";
  if (span.prompt_tokens == null && span.completion_tokens == null) return;
  row.input_tokens = span.prompt_tokens ?? null;
  row.output_tokens = span.completion_tokens ?? (row.kind === "embedding" ? 0 : null);
  row.usage_source = "reported";
  const usage = { ...unknownUsage, input_tokens: row.input_tokens, output_tokens: row.output_tokens };
  const at = new Date(Number(row.start_time / 1_000_000n));
  Object.assign(row, priceUsage({ provider: row.provider, model: row.request_model, usage, at }) ?? {});
}

/** Spelt as OpenTelemetry does; a name that says no provider stays as it was sent. */
function providerOf(name: string | null | undefined): string {
  return name ? providerName(name) || name : "";
}

function addContent(row: SpanRow, span: SpanRequest): void {
  const areTexts = [span.input, span.output].every((value) => value == null || typeof value === "string");
  if (span.input == null && span.output == null) return;
  row.content_format = areTexts ? "text" : "json";
  const print = (value: unknown) => (value == null ? "" : areTexts ? (value as string) : JSON.stringify(value));
  row.input = print(span.input);
  row.output = print(span.output);
}

function commonRoot(trace: TraceRequest, roots: readonly SpanRow[], projectId: ProjectId, traceId: TraceId): SpanRow {
  let startNs = roots[0]?.start_time ?? 0n;
  let endNs = startNs;
  for (const { start_time, duration_ns } of roots) {
    if (start_time < startNs) startNs = start_time;
    const rootEndNs = start_time + BigInt(duration_ns);
    if (rootEndNs > endNs) endNs = rootEndNs;
  }
  const root = newSpanRow(projectId, "rest", startNs);
  root.trace_id = traceId;
  root.span_id = newSpanId();
  root.duration_ns = Number(endNs - startNs);
  root.name = trace.trace_type;
  root.kind = trace.trace_type === "agent_workflow" ? "agent" : "chain";
  root.operation = root.kind === "agent" ? "invoke_agent" : "";
  root.status = roots.some(({ status }) => status === "error") ? "error" : "ok";
  addTraceFields(root, trace);
  for (const row of roots) {
    row.parent_span_id = root.span_id;
    row.is_entry = 0;
  }
  return root;
}
