import {
  billedKinds,
  defaultRetentionDays,
  newSpanRow,
  noSpanId,
  type SpanKind,
  type Usage,
  unknownUsage,
  usualOperations,
} from "@weir/model";
import { type AnyValue, type Span, type SpanCursor, valueKinds } from "@weir/otlp";
import type { TableRows } from "../../blocks/block-writer.ts";
import { ByteRange } from "../../blocks/byte-range.ts";
import { attributeText } from "../attribute-value.ts";
import type { FieldValues } from "../compiled-fields.ts";
import { readContent, type SpanContent } from "../content.ts";
import { finishReason } from "../finish-reason.ts";
import { hasRemoteParent, type NormalizeContext, setCost } from "../normalize-span.ts";
import { providerName, providerOfModel } from "../provider-names.ts";
import { spanUsage } from "../usage.ts";
import { AttributeList, mostAttributes } from "./attribute-list.ts";
import { AttributePairs } from "./attribute-pairs.ts";
import { ByteMemo } from "./byte-memo.ts";
import { JsonMessages } from "./json-messages.ts";
import { fieldCount, fieldNumbers, type KeyPlan, type PlannedUse } from "./key-plans.ts";
import { type Section, Sections } from "./section.ts";
import { SpanShapes } from "./span-shapes.ts";

const { string: stringKind, int: intKind, double: doubleKind, bool: boolKind } = valueKinds;
const statusError = 2;
const noRank = 1000;
const largestCount = 4_294_967_295;
const usageNames = Object.keys(unknownUsage) as (keyof Usage)[];
// As constants of their own they cost nothing to look up.
const {
  kind: kindField,
  request_model: requestModelField,
  response_model: responseModelField,
  operation: operationField,
  provider: providerField,
  response_id: responseIdField,
  finish_reason: finishReasonField,
  is_stream: isStreamField,
  ttft_ns: ttftNsField,
  http_status: httpStatusField,
  environment: environmentField,
  user_id: userIdField,
  session_id: sessionIdField,
  tags: tagsField,
  prompt_name: promptNameField,
  prompt_version: promptVersionField,
  reported_cost: reportedCostField,
  is_batch: isBatchField,
  service_tier: serviceTierField,
  input_tokens: inputTokensField,
  output_tokens: outputTokensField,
  cache_read_tokens: cacheReadTokensField,
  cache_write_tokens: cacheWriteTokensField,
  cache_write_1h_tokens: cacheWrite1hTokensField,
  reasoning_tokens: reasoningTokensField,
  input_audio_tokens: inputAudioTokensField,
  output_audio_tokens: outputAudioTokensField,
} = fieldNumbers;

export type WrittenSpan = TableRows["spans"];

/**
 * Makes the row of a span from its bytes, driven by the same table as `normalizeSpan` and equal to what that makes of
 * it, in a tenth of the time. Spans that it does not understand it leaves to `normalizeSpan`: those with attributes of
 * dialects whose values must be assembled or looked into, with events, links or an error.
 */
export class SpanInBytes {
  readonly #cursor: SpanCursor;
  readonly #row: WrittenSpan = newSpanRow("" as never, "otlp", 0n);
  readonly #pairs: AttributePairs;
  readonly #messages = new JsonMessages();
  readonly #sections = new Sections();
  readonly #shapes: SpanShapes;
  #section: Section | undefined;
  /** By field: the rank of what was found, and the attribute that is its text or, at -1, its value. */
  readonly #ranks = new Int32Array(fieldCount);
  readonly #textAt = new Int32Array(fieldCount);
  readonly #values: unknown[] = new Array(fieldCount).fill(undefined);
  #inputAt = -1;
  #outputAt = -1;
  readonly #contentAt = new AttributeList();
  readonly #read = new ByteMemo<unknown>();
  readonly #providers = new ByteMemo<string>();
  readonly #texts = new ByteMemo<string>();
  readonly #finishReasons = new Map<string, string>();
  readonly #ranges = Array.from({ length: fieldCount }, () => new ByteRange());
  readonly #traceId = new ByteRange();
  readonly #spanId = new ByteRange();
  readonly #parentSpanId = new ByteRange();
  readonly #startTime = new ByteRange();
  readonly #name = new ByteRange();
  /** When the last priced span began: many of an export begin within one millisecond. */
  #startedMs = 0;
  #startedDate = new Date(0);
  readonly #input = new ByteRange();
  readonly #output = new ByteRange();

  constructor(cursor: SpanCursor) {
    this.#cursor = cursor;
    this.#pairs = new AttributePairs(cursor);
    this.#shapes = new SpanShapes(cursor);
    this.#row.attributes = this.#pairs;
  }

  /** To be called for each message once the cursor has opened it. */
  begin(context: NormalizeContext, apiKeyId: string): void {
    this.#shapes.begin();
    const row = this.#row;
    row.project_id = context.projectId;
    row.retention_days = context.retentionDays ?? defaultRetentionDays;
    row.api_key_id = apiKeyId;
  }

  /**
   * The row of the cursor's span, the same object each time and good until the cursor moves; undefined when the span is
   * for `normalizeSpan`. Throws a MalformedOtlpError where a nested value is malformed.
   */
  read(): WrittenSpan | undefined {
    const cursor = this.#cursor;
    if (
      cursor.statusCode === statusError ||
      cursor.attributeCount > mostAttributes ||
      !cursor.hasTimes ||
      cursor.hasEvents ||
      cursor.hasLinks ||
      cursor.hasStatusMessage ||
      cursor.hasSplitValues
    ) {
      return undefined;
    }
    if (!this.#readAttributes()) return undefined;
    const row = this.#row;
    row.kind = (this.#valueOf(kindField) as SpanKind | undefined) ?? this.#kindByModel();
    this.#setIdentity(row);
    const content = this.#setContent(row);
    this.#setModel(row, content);
    this.#setAttribution(row);
    this.#setUsageAndCost(row);
    return row;
  }

  /** One pass over the attributes. False when one of them is for the slow path. */
  #readAttributes(): boolean {
    const cursor = this.#cursor;
    const section = this.#sections.find(cursor.resource, cursor.scope);
    const shape = this.#shapes.find(section);
    if (shape.isSlow) return false;
    const pairs = this.#pairs;
    this.#section = section;
    pairs.shape = shape;
    pairs.added = undefined;
    pairs.inColumns.clear();
    this.#ranks.fill(noRank);
    this.#inputAt = this.#outputAt = -1;
    this.#contentAt.clear();
    const { plans } = shape;
    for (let index = 0; index < plans.length; index++) {
      if (!this.#readAttribute(plans[index] as KeyPlan, index)) return false;
    }
    return true;
  }

  #readAttribute(plan: KeyPlan, index: number): boolean {
    const cursor = this.#cursor;
    const kind = cursor.kinds[index] as number;
    const isNumber = kind === intKind || kind === doubleKind;
    if (kind !== stringKind && !isNumber && kind !== boolKind) this.#pairs.texts[index] = this.#nestedText(index);
    // A parameter is stored as the number that it is read as.
    if (plan.isParameter && !(isNumber && isExact(kind, cursor.numbers[index] as number))) return false;
    if (plan.content !== "none") this.#noteContent(plan, index, kind);
    const { uses } = plan;
    for (let number = 0; number < uses.length; number++) {
      const use = uses[number] as PlannedUse;
      if ((this.#ranks[use.field] as number) < use.rank) continue;
      this.#readUse(use, index, kind);
    }
    return true;
  }

  #readUse(use: PlannedUse, index: number, kind: number): void {
    const cursor = this.#cursor;
    const { field } = use;
    if (use.isText && kind === stringKind) {
      if (cursor.valueFrom[index] === cursor.valueTo[index]) return;
      this.#textAt[field] = index;
    } else {
      const value = this.#readValue(use, index, kind);
      if (value === undefined) return;
      this.#textAt[field] = -1;
      this.#values[field] = value;
    }
    this.#ranks[field] = use.rank;
  }

  #readValue(use: PlannedUse, index: number, kind: number): unknown {
    const cursor = this.#cursor;
    if (use.isCount && kind === intKind) {
      const count = cursor.numbers[index] as number;
      return count >= 0 && count <= largestCount ? count : undefined;
    }
    if (kind === intKind || kind === doubleKind || kind === boolKind) return use.read(cursor.valueOf(index));
    const { bytes } = cursor;
    const from = cursor.valueFrom[index] as number;
    const to = cursor.valueTo[index] as number;
    // The kind is part of what is remembered: a list's bytes may be a text's.
    const number = use.number * 8 + kind;
    if (this.#read.has(bytes, from, to, number)) return this.#read.found;
    return this.#read.remember(bytes, from, to, number, use.read(cursor.valueOf(index)));
  }

  /** A list, a map, bytes or nothing, as the map of attributes has it. */
  #nestedText(index: number): string {
    const cursor = this.#cursor;
    const kind = cursor.kinds[index] as number;
    if (kind === valueKinds.null) return attributeText(null);
    const { bytes } = cursor;
    const from = cursor.valueFrom[index] as number;
    const to = cursor.valueTo[index] as number;
    if (this.#texts.has(bytes, from, to, kind)) return this.#texts.found as string;
    return this.#texts.remember(bytes, from, to, kind, attributeText(cursor.valueOf(index)));
  }

  #noteContent({ content }: KeyPlan, index: number, kind: number): void {
    this.#contentAt.add(index);
    if (kind !== stringKind) return;
    if (content === "inputMessages") this.#inputAt = index;
    else if (content === "outputMessages") this.#outputAt = index;
  }

  #has(field: number): boolean {
    return this.#ranks[field] !== noRank;
  }

  /** The value of a field whose readers make no text as it is; a text as a string. */
  #valueOf(field: number): unknown {
    if (this.#ranks[field] === noRank) return undefined;
    const index = this.#textAt[field] as number;
    return index < 0 ? this.#values[field] : this.#cursor.valueOf(index);
  }

  /** A field's text where it stands, or as a string where it had to be read; empty when unknown. */
  #textOf(field: number): ByteRange | string {
    if (this.#ranks[field] === noRank) return "";
    const index = this.#textAt[field] as number;
    if (index < 0) return this.#values[field] as string;
    const cursor = this.#cursor;
    const from = cursor.valueFrom[index] as number;
    return (this.#ranges[field] as ByteRange).set(cursor.bytes, from, cursor.valueTo[index] as number);
  }

  #kindByModel(): SpanKind {
    return this.#has(requestModelField) || this.#has(responseModelField) ? "llm" : "chain";
  }

  #setIdentity(row: WrittenSpan): void {
    const cursor = this.#cursor;
    const { bytes, traceIdFrom, spanIdFrom, parentSpanIdFrom, startTimeFrom, endTimeFrom } = cursor;
    row.trace_id = this.#traceId.set(bytes, traceIdFrom, traceIdFrom + 16);
    row.span_id = this.#spanId.set(bytes, spanIdFrom, spanIdFrom + 8);
    const { hasParent } = cursor;
    row.parent_span_id = hasParent
      ? this.#parentSpanId.set(bytes, parentSpanIdFrom, parentSpanIdFrom + 8)
      : (noSpanId as string);
    row.is_entry = !hasParent || hasRemoteParent(cursor) ? 1 : 0;
    row.start_time = this.#startTime.set(bytes, startTimeFrom, startTimeFrom + 8);
    const high = uint32At(bytes, endTimeFrom + 4) - uint32At(bytes, startTimeFrom + 4);
    const durationNs = high * 0x1_0000_0000 + (uint32At(bytes, endTimeFrom) - uint32At(bytes, startTimeFrom));
    row.duration_ns = durationNs > 0 ? Math.min(durationNs, Number.MAX_SAFE_INTEGER) : 0;
    row.name = this.#name.set(bytes, cursor.nameFrom, cursor.nameTo);
    row.service_name = (this.#section as Section).serviceName;
  }

  /** Messages as the conventions have them are copied; other content is read as `normalizeSpan` does, and returned. */
  #setContent(row: WrittenSpan): SpanContent | undefined {
    row.content_state = "full";
    row.content_format = row.input = row.output = "";
    const contentAt = this.#contentAt;
    this.#messages.finishReasonFrom = -1;
    if (contentAt.count === 0) return undefined;
    if (this.#areMessagesAlone()) {
      row.content_format = "weir.messages";
      if (this.#inputAt >= 0) row.input = this.#rangeOf(this.#input, this.#inputAt);
      if (this.#outputAt >= 0) row.output = this.#rangeOf(this.#output, this.#outputAt);
      this.#pairs.inColumns.addAll(contentAt);
      return undefined;
    }
    const content = this.#assembledContent(row.kind as SpanKind);
    row.content_format = content.format;
    if (content.isTruncated) row.content_state = "truncated";
    row.input = content.input;
    row.output = content.output;
    for (let place = 0; place < contentAt.count; place++) {
      const index = contentAt.at(place);
      if (content.keys.has(this.#cursor.keyOf(index))) this.#pairs.inColumns.add(index);
    }
    return content;
  }

  #areMessagesAlone(): boolean {
    const input = this.#inputAt;
    const output = this.#outputAt;
    if (this.#contentAt.count !== (input < 0 ? 0 : 1) + (output < 0 ? 0 : 1)) return false;
    if (input >= 0 && !this.#areMessages(this.#input, input)) return false;
    if (output >= 0) return this.#areMessages(this.#output, output);
    this.#messages.finishReasonFrom = -1;
    return true;
  }

  #areMessages(range: ByteRange, index: number): boolean {
    const { bytes, view, valueFrom, valueTo } = this.#cursor;
    const messages = this.#messages;
    const is = messages.check(bytes, view, valueFrom[index] as number, valueTo[index] as number);
    range.isAscii = is && messages.isAscii;
    return is;
  }

  #rangeOf(range: ByteRange, index: number): ByteRange {
    const { bytes, valueFrom, valueTo } = this.#cursor;
    return range.set(bytes, valueFrom[index] as number, valueTo[index] as number, range.isAscii);
  }

  /** What `normalizeSpan` makes of the attributes that hold content; no dialect looks at others. */
  #assembledContent(kind: SpanKind): SpanContent {
    const cursor = this.#cursor;
    const attributes: Record<string, AnyValue> = {};
    const contentAt = this.#contentAt;
    for (let place = 0; place < contentAt.count; place++) {
      const index = contentAt.at(place);
      attributes[cursor.keyOf(index)] = cursor.valueOf(index);
    }
    const told = this.#valueOf(finishReasonField) as string | undefined;
    const fields: FieldValues = told === undefined ? {} : { finish_reason: told };
    return readContent({ attributes, events: [], kind, isRoot: !cursor.hasParent, fields });
  }

  #setModel(row: WrittenSpan, content: SpanContent | undefined): void {
    const kind = row.kind as SpanKind;
    const isBilled = billedKinds.has(kind);
    row.operation = this.#has(operationField) ? this.#textOf(operationField) : (usualOperations[kind] ?? "");
    const requestModel =
      (this.#valueOf(requestModelField) as string | undefined) ?? (isBilled ? content?.requestModel : "");
    const responseModel = (this.#valueOf(responseModelField) as string | undefined) ?? content?.model ?? "";
    row.request_model = requestModel ?? "";
    row.response_model = responseModel;
    const provider = this.#provider();
    row.provider =
      provider === "" && kind !== "tool" ? providerOfModel(responseModel || (requestModel ?? "")) : provider;
    row.response_id = this.#has(responseIdField) ? this.#textOf(responseIdField) : (content?.id ?? "");
    const answered = content === undefined ? this.#answeredReason() : content.finishReason;
    const reason = isBilled ? ((this.#valueOf(finishReasonField) as string | undefined) ?? answered) : undefined;
    row.finish_reason = reason === undefined ? "" : this.#finishReason(reason);
    if (answered === "error") row.finish_reason ||= "error";
    const told = this.#valueOf(isStreamField) as boolean | undefined;
    const ttftNs = told === false ? null : ((this.#valueOf(ttftNsField) as number | undefined) ?? null);
    row.is_stream = isBilled && (told ?? ttftNs !== null) ? 1 : 0;
    row.ttft_ns = isBilled ? ttftNs : null;
  }

  #provider(): string {
    if (!this.#has(providerField)) return "";
    const index = this.#textAt[providerField] as number;
    if (index < 0) return providerName(this.#values[providerField] as string);
    const cursor = this.#cursor;
    const from = cursor.valueFrom[index] as number;
    const to = cursor.valueTo[index] as number;
    if (this.#providers.has(cursor.bytes, from, to, 0)) return this.#providers.found as string;
    return this.#providers.remember(cursor.bytes, from, to, 0, providerName(cursor.valueOf(index) as string));
  }

  /** The reason that the first message of the answer gives. */
  #answeredReason(): string | undefined {
    const { finishReasonFrom, finishReasonTo } = this.#messages;
    if (finishReasonFrom < 0 || finishReasonFrom === finishReasonTo) return undefined;
    const { bytes } = this.#cursor;
    const number = -1;
    if (this.#texts.has(bytes, finishReasonFrom, finishReasonTo, number)) return this.#texts.found;
    const text = bytes.toString("utf8", finishReasonFrom, finishReasonTo);
    return this.#texts.remember(bytes, finishReasonFrom, finishReasonTo, number, text);
  }

  #finishReason(text: string): string {
    const known = this.#finishReasons.get(text);
    if (known !== undefined) return known;
    const reason = finishReason(text);
    if (this.#finishReasons.size > 1000) this.#finishReasons.clear();
    this.#finishReasons.set(text, reason);
    return reason;
  }

  #setAttribution(row: WrittenSpan): void {
    const httpStatus = this.#valueOf(httpStatusField) as number | undefined;
    row.http_status = httpStatus !== undefined && httpStatus <= 599 ? httpStatus : null;
    row.environment = this.#has(environmentField)
      ? this.#textOf(environmentField)
      : (this.#section as Section).environment;
    row.user_id = this.#textOf(userIdField);
    row.session_id = this.#textOf(sessionIdField);
    row.tags = (this.#valueOf(tagsField) as readonly string[] | undefined) ?? noTags;
    row.prompt_name = this.#textOf(promptNameField);
    row.prompt_version = this.#textOf(promptVersionField);
  }

  #setUsageAndCost(row: WrittenSpan): void {
    row.usage_source = "none";
    row.price_version = row.price_source = row.price_rates = "";
    row.cost_nano_usd = row.cost_input_nano_usd = row.cost_output_nano_usd = null;
    row.cost_cache_read_nano_usd = row.cost_cache_write_nano_usd = null;
    const isBilled = billedKinds.has(row.kind as string);
    row.input_tokens = isBilled ? this.#countOf(inputTokensField) : null;
    row.output_tokens = isBilled ? this.#countOf(outputTokensField) : null;
    row.cache_read_tokens = isBilled ? this.#countOf(cacheReadTokensField) : null;
    row.cache_write_tokens = isBilled ? this.#countOf(cacheWriteTokensField) : null;
    row.cache_write_1h_tokens = isBilled ? this.#countOf(cacheWrite1hTokensField) : null;
    row.reasoning_tokens = isBilled ? this.#countOf(reasoningTokensField) : null;
    row.input_audio_tokens = isBilled ? this.#countOf(inputAudioTokensField) : null;
    row.output_audio_tokens = isBilled ? this.#countOf(outputAudioTokensField) : null;
    if (!isBilled) return;
    if (row.cache_read_tokens !== null || row.cache_write_tokens !== null || row.reasoning_tokens !== null) {
      this.#completeUsage(row);
    }
    if (row.input_tokens !== null || row.output_tokens !== null) row.usage_source = "reported";
    if (row.kind === "embedding" && row.input_tokens !== null) row.output_tokens ??= 0;
    // Provider and models are strings here: nothing else was set above.
    setCost(row as Parameters<typeof setCost>[0], this.#pricedFields(), this.#startedAt());
  }

  #pricedFields(): FieldValues {
    if (!this.#has(reportedCostField) && !this.#has(isBatchField) && !this.#has(serviceTierField)) return noFields;
    const fields: FieldValues = {};
    if (this.#has(reportedCostField)) fields.reported_cost = this.#valueOf(reportedCostField) as number;
    if (this.#has(isBatchField)) fields.is_batch = this.#valueOf(isBatchField) as boolean;
    if (this.#has(serviceTierField)) fields.service_tier = this.#valueOf(serviceTierField) as string;
    return fields;
  }

  #countOf(field: number): number | null {
    return this.#ranks[field] === noRank ? null : (this.#values[field] as number);
  }

  #completeUsage(row: WrittenSpan): void {
    const fields: FieldValues = {};
    for (const name of usageNames) if (row[name] !== null) fields[name] = row[name];
    const { usage, rule } = spanUsage({ attributes: {}, scope: this.#cursor.scope } as Span, fields);
    Object.assign(row, usage);
    if (rule !== undefined) this.#pairs.added = { "weir.usage_rule": rule };
  }

  #startedAt(): Date {
    const { bytes, startTimeFrom } = this.#cursor;
    const high = uint32At(bytes, startTimeFrom + 4);
    // 2^32 ns are 4294 ms and 967,296 ns: so no number exceeds 2^53.
    const startedMs = high * 4294 + Math.floor((high * 967_296 + uint32At(bytes, startTimeFrom)) / 1_000_000);
    if (startedMs !== this.#startedMs) {
      this.#startedMs = startedMs;
      this.#startedDate = new Date(startedMs);
    }
    return this.#startedDate;
  }
}

const noTags: readonly string[] = [];
const noFields: FieldValues = Object.freeze({});

/** Whether an attribute's number is what was sent: integers beyond 2^53 are rounded. */
function isExact(kind: number, number: number): boolean {
  return kind !== intKind || Number.isSafeInteger(number);
}

function uint32At(bytes: Buffer, from: number): number {
  return (
    ((bytes[from] as number) |
      ((bytes[from + 1] as number) << 8) |
      ((bytes[from + 2] as number) << 16) |
      ((bytes[from + 3] as number) << 24)) >>>
    0
  );
}
