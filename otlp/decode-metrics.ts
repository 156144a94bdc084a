import { readAttribute } from "./any-value.ts";
import type {
  Exemplar,
  ExponentialBuckets,
  ExponentialHistogramPoint,
  HistogramPoint,
  Metric,
  MetricData,
  NumberPoint,
  SummaryPoint,
} from "./metric.ts";
import { Sections } from "./sections.ts";
import type { Attributes } from "./span.ts";
import { asBuffer, WireReader } from "./wire-reader.ts";

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };
/** Reads the field of this tag into the message; false when it has no such field. */
type ReadField<Message> = (reader: WireReader, tag: number, end: number, message: Message) => boolean;

/** All metrics of an ExportMetricsServiceRequest as plain values. Throws a MalformedOtlpError. */
export function decodeMetrics(bytes: Uint8Array): Metric[] {
  const reader = new WireReader();
  reader.bytes = asBuffer(bytes);
  const sections = new Sections(reader);
  sections.open();
  const metrics: Metric[] = [];
  for (let end = sections.next(); end >= 0; end = sections.next()) {
    const { resource, scope } = sections;
    const metric = { name: "", description: "", unit: "", metadata: {}, data: noData, scope, resource };
    metrics.push(readMessage(reader, end, metric, metricField));
  }
  return metrics;
}

const noData: MetricData = Object.freeze({ type: "none" });

function readMessage<Message>(
  reader: WireReader,
  end: number,
  message: Message,
  readField: ReadField<Message>,
): Message {
  while (reader.at < end) {
    const tag = reader.tag();
    if (!readField(reader, tag, end, message)) reader.skip(tag, end);
  }
  reader.close(end);
  return message;
}

function metricField(reader: WireReader, tag: number, end: number, metric: Mutable<Metric>): boolean {
  switch (tag) {
    case 10:
      metric.name = reader.text(end);
      return true;
    case 18:
      metric.description = reader.text(end);
      return true;
    case 26:
      metric.unit = reader.text(end);
      return true;
    case 98:
      readAttribute(reader, end, metric.metadata);
      return true;
    default: {
      const type = dataTypes.get(tag);
      if (type === undefined) return false;
      // A further part of the same data is added to it, as protobuf merges messages.
      if (metric.data.type !== type) metric.data = emptyData[type]();
      readMessage(reader, reader.lengthEnd(end), metric.data, dataField);
      return true;
    }
  }
}

const dataTypes = new Map<number, Exclude<MetricData["type"], "none">>([
  [42, "gauge"],
  [58, "sum"],
  [74, "histogram"],
  [82, "exponentialHistogram"],
  [90, "summary"],
]);

const emptyData: Record<Exclude<MetricData["type"], "none">, () => MetricData> = {
  gauge: () => ({ type: "gauge", points: [] }),
  sum: () => ({ type: "sum", points: [], temporality: 0, isMonotonic: false }),
  histogram: () => ({ type: "histogram", points: [], temporality: 0 }),
  exponentialHistogram: () => ({ type: "exponentialHistogram", points: [], temporality: 0 }),
  summary: () => ({ type: "summary", points: [] }),
};

function dataField(reader: WireReader, tag: number, end: number, data: MetricData): boolean {
  if (data.type === "none") return false;
  if (tag === 10) {
    (data.points as unknown[]).push(readPoint(reader, reader.lengthEnd(end), data.type));
    return true;
  }
  if (tag === 16 && "temporality" in data) {
    (data as Mutable<typeof data>).temporality = reader.int32();
    return true;
  }
  if (tag === 24 && data.type === "sum") {
    (data as Mutable<typeof data>).isMonotonic = reader.bool();
    return true;
  }
  return false;
}

function readPoint(reader: WireReader, end: number, type: Exclude<MetricData["type"], "none">) {
  const common = () => ({ attributes: {}, startTimeUnixNano: 0n, timeUnixNano: 0n, flags: 0 });
  const statistics = () => ({ count: 0n, sum: null, min: null, max: null });
  switch (type) {
    case "gauge":
    case "sum":
      return readMessage<Mutable<NumberPoint>>(reader, end, { ...common(), value: null, exemplars: [] }, numberField);
    case "histogram":
      return readMessage<Mutable<HistogramPoint>>(
        reader,
        end,
        { ...common(), ...statistics(), bucketCounts: [], explicitBounds: [], exemplars: [] },
        histogramField,
      );
    case "exponentialHistogram":
      return readMessage<Mutable<ExponentialHistogramPoint>>(
        reader,
        end,
        {
          ...common(),
          ...statistics(),
          scale: 0,
          zeroCount: 0n,
          zeroThreshold: 0,
          positive: { offset: 0, bucketCounts: [] },
          negative: { offset: 0, bucketCounts: [] },
          exemplars: [],
        },
        exponentialField,
      );
    case "summary":
      return readMessage<Mutable<SummaryPoint>>(
        reader,
        end,
        { ...common(), count: 0n, sum: 0, quantileValues: [] },
        summaryField,
      );
  }
}

interface Timed {
  startTimeUnixNano: bigint;
  timeUnixNano: bigint;
}

/** Fields 2 and 3 of every kind of point. */
function timeField(reader: WireReader, tag: number, point: Timed): boolean {
  if (tag === 17) point.startTimeUnixNano = reader.fixed64();
  else if (tag === 25) point.timeUnixNano = reader.fixed64();
  else return false;
  return true;
}

function numberField(reader: WireReader, tag: number, end: number, point: Mutable<NumberPoint>): boolean {
  switch (tag) {
    case 33:
      point.value = reader.double();
      return true;
    case 49:
      point.value = signedInteger(reader);
      return true;
    case 42:
      readExemplar(reader, end, point.exemplars);
      return true;
    case 58:
      readAttribute(reader, end, point.attributes);
      return true;
    case 64:
      point.flags = reader.int32() >>> 0;
      return true;
    default:
      return timeField(reader, tag, point);
  }
}

function histogramField(reader: WireReader, tag: number, end: number, point: Mutable<HistogramPoint>): boolean {
  switch (tag) {
    case 33:
      point.count = reader.fixed64();
      return true;
    case 41:
      point.sum = reader.double();
      return true;
    case 49:
    case 50:
      readPacked(reader, tag, end, point.bucketCounts, () => reader.fixed64());
      return true;
    case 57:
    case 58:
      readPacked(reader, tag, end, point.explicitBounds, () => reader.double());
      return true;
    case 66:
      readExemplar(reader, end, point.exemplars);
      return true;
    case 74:
      readAttribute(reader, end, point.attributes);
      return true;
    case 80:
      point.flags = reader.int32() >>> 0;
      return true;
    case 89:
      point.min = reader.double();
      return true;
    case 97:
      point.max = reader.double();
      return true;
    default:
      return timeField(reader, tag, point);
  }
}

function exponentialField(
  reader: WireReader,
  tag: number,
  end: number,
  point: Mutable<ExponentialHistogramPoint>,
): boolean {
  switch (tag) {
    case 10:
      readAttribute(reader, end, point.attributes);
      return true;
    case 33:
      point.count = reader.fixed64();
      return true;
    case 41:
      point.sum = reader.double();
      return true;
    case 48:
      point.scale = reader.sint32();
      return true;
    case 57:
      point.zeroCount = reader.fixed64();
      return true;
    case 66:
      readMessage(reader, reader.lengthEnd(end), point.positive, bucketsField);
      return true;
    case 74:
      readMessage(reader, reader.lengthEnd(end), point.negative, bucketsField);
      return true;
    case 80:
      point.flags = reader.int32() >>> 0;
      return true;
    case 90:
      readExemplar(reader, end, point.exemplars);
      return true;
    case 97:
      point.min = reader.double();
      return true;
    case 105:
      point.max = reader.double();
      return true;
    case 113:
      point.zeroThreshold = reader.double();
      return true;
    default:
      return timeField(reader, tag, point);
  }
}

function bucketsField(reader: WireReader, tag: number, end: number, buckets: Mutable<ExponentialBuckets>): boolean {
  if (tag === 8) buckets.offset = reader.sint32();
  else if (tag === 16 || tag === 18) {
    readPacked(reader, tag, end, buckets.bucketCounts, () => BigInt.asUintN(64, BigInt(reader.int64())));
  } else return false;
  return true;
}

function summaryField(reader: WireReader, tag: number, end: number, point: Mutable<SummaryPoint>): boolean {
  switch (tag) {
    case 33:
      point.count = reader.fixed64();
      return true;
    case 41:
      point.sum = reader.double();
      return true;
    case 50: {
      const read = { quantile: 0, value: 0 };
      (point.quantileValues as unknown[]).push(readMessage(reader, reader.lengthEnd(end), read, quantileField));
      return true;
    }
    case 58:
      readAttribute(reader, end, point.attributes);
      return true;
    case 64:
      point.flags = reader.int32() >>> 0;
      return true;
    default:
      return timeField(reader, tag, point);
  }
}

function quantileField(
  reader: WireReader,
  tag: number,
  _end: number,
  read: { quantile: number; value: number },
): boolean {
  if (tag === 9) read.quantile = reader.double();
  else if (tag === 17) read.value = reader.double();
  else return false;
  return true;
}

function readExemplar(reader: WireReader, end: number, exemplars: readonly Exemplar[]): void {
  const exemplar: Exemplar = { filteredAttributes: {}, timeUnixNano: 0n, value: null, spanId: "", traceId: "" };
  (exemplars as Exemplar[]).push(readMessage(reader, reader.lengthEnd(end), exemplar, exemplarField));
}

function exemplarField(reader: WireReader, tag: number, end: number, exemplar: Mutable<Exemplar>): boolean {
  switch (tag) {
    case 17:
      exemplar.timeUnixNano = reader.fixed64();
      return true;
    case 25:
      exemplar.value = reader.double();
      return true;
    case 34:
      exemplar.spanId = reader.hex(end);
      return true;
    case 42:
      exemplar.traceId = reader.hex(end);
      return true;
    case 49:
      exemplar.value = signedInteger(reader);
      return true;
    case 58:
      readAttribute(reader, end, exemplar.filteredAttributes as Attributes);
      return true;
    default:
      return false;
  }
}

/** An sfixed64: a number where it is exact, else a bigint. */
function signedInteger(reader: WireReader): number | bigint {
  const value = BigInt.asIntN(64, reader.fixed64());
  return BigInt.asIntN(54, value) === value && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** One value, or a packed run of them. */
function readPacked<Value>(
  reader: WireReader,
  tag: number,
  end: number,
  values: readonly Value[],
  read: () => Value,
): void {
  const list = values as Value[];
  if ((tag & 7) !== 2) {
    list.push(read());
    return;
  }
  const to = reader.lengthEnd(end);
  while (reader.at < to) list.push(read());
  reader.close(to);
}
