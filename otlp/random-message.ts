import fc from "fast-check";
import { type Field, type Message, requests, type ScalarType, type Signal } from "./schema.ts";
import { WireReader } from "./wire-reader.ts";
import { WireWriter } from "./wire-writer.ts";

/** Random requests in OTLP's JSON form, with no more than a few of anything. */
export function anyRequest(signal: Signal): fc.Arbitrary<Record<string, unknown>> {
  return treeOf(requests[signal], 0) as fc.Arbitrary<Record<string, unknown>>;
}

const hex = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((it) => Buffer.from(it).toString("hex"));
const bits = (count: bigint, isSigned: boolean) =>
  fc.bigInt(
    isSigned ? { min: -(1n << (count - 1n)), max: (1n << (count - 1n)) - 1n } : { min: 0n, max: (1n << count) - 1n },
  );
const text = fc.string({ unit: "binary", maxLength: 40 });

const scalars: Record<ScalarType, fc.Arbitrary<unknown>> = {
  string: fc.oneof(text, fc.constantFrom("gen_ai.request.model", "service.name", "__proto__", "constructor", "")),
  bytes: fc.uint8Array({ maxLength: 20 }).map((it) => Buffer.from(it).toString("base64")),
  id: fc.oneof(hex(16), hex(8), hex(0)),
  bool: fc.boolean(),
  int32: fc.integer(),
  uint32: fc.nat(),
  sint32: fc.integer(),
  int64: bits(64n, true).map(String),
  uint64: bits(64n, false).map(String),
  fixed32: fc.nat(),
  fixed64: bits(64n, false).map(String),
  sfixed64: bits(64n, true).map(String),
  double: fc.double(),
};

/** Sets of fields of which a message has one at most. */
const choices = [
  ["stringValue", "boolValue", "intValue", "doubleValue", "arrayValue", "kvlistValue", "bytesValue"],
  ["gauge", "sum", "histogram", "exponentialHistogram", "summary"],
  ["asDouble", "asInt"],
];

function treeOf({ fields }: Message, depth: number): fc.Arbitrary<unknown> {
  const isDeep = depth > 8;
  const usable = fields.filter(({ type }) => !isDeep || typeof type === "string");
  const chosen = choices
    .map((names) => usable.filter(({ name }) => names.includes(name)))
    .filter((it) => it.length > 0);
  const free = usable.filter((field) => !chosen.flat().includes(field));
  const parts = [
    fc.record(Object.fromEntries(free.map((field) => [field.name, fieldValue(field, depth)])), { requiredKeys: [] }),
    ...chosen.map((set) =>
      fc.oneof(
        fc.constant({}),
        ...set.map((field) => fc.record({ [field.name]: fieldValue(field, depth) }) as fc.Arbitrary<object>),
      ),
    ),
  ];
  return fc.tuple(...parts).map((objects) => Object.assign({}, ...objects));
}

function fieldValue({ type, isRepeated }: Field, depth: number): fc.Arbitrary<unknown> {
  const one = typeof type === "string" ? scalars[type] : fc.memo(() => treeOf(type, depth + 1))();
  return isRepeated ? fc.array(one, { maxLength: depth < 4 ? 3 : 2 }) : one;
}

/**
 * The same message in other bytes: fields in another order, unknown fields and groups between them, singular
 * messages in two parts, packed lists unpacked.
 */
export function scrambled(bytes: Buffer, message: Message, random: () => number): Buffer {
  const reader = new WireReader();
  reader.bytes = bytes;
  const queues = new Map<number, Buffer[]>();
  while (reader.at < bytes.length) {
    const from = reader.at;
    const tag = reader.tag();
    const number = tag >>> 3;
    const field = message.fields.find((it) => it.number === number);
    if (field === undefined || (tag & 7) !== 2) {
      reader.skip(tag, bytes.length);
      put(queues, number, [bytes.subarray(from, reader.at)]);
      continue;
    }
    const end = reader.lengthEnd(bytes.length);
    const body = bytes.subarray(reader.at, end);
    reader.at = end;
    put(queues, number, rewritten(field, body, random));
  }
  const pieces: Buffer[] = [];
  for (;;) {
    if (random() < 0.2) pieces.push(unknownField(random));
    const open = [...queues.values()].filter((queue) => queue.length > 0);
    if (open.length === 0) return Buffer.concat(pieces);
    pieces.push(open[Math.floor(random() * open.length)]?.shift() as Buffer);
  }
}

function put(queues: Map<number, Buffer[]>, number: number, pieces: readonly Buffer[]): void {
  queues.set(number, [...(queues.get(number) ?? []), ...pieces]);
}

function rewritten(field: Field, body: Buffer, random: () => number): Buffer[] {
  const whole = (content: Buffer) =>
    written((writer) => {
      writer.tag(field.number, 2);
      writer.data(content);
    });
  if (typeof field.type !== "string") {
    const inner = scrambled(body, field.type, random);
    const cut = field.isRepeated || random() < 0.5 ? inner.length : fieldEnd(inner);
    return cut === inner.length ? [whole(inner)] : [whole(inner.subarray(0, cut)), whole(inner.subarray(cut))];
  }
  return [whole(body)];
}

/** Where the first field of a message ends. */
function fieldEnd(bytes: Buffer): number {
  const reader = new WireReader();
  reader.bytes = bytes;
  if (bytes.length > 0) reader.skip(reader.tag(), bytes.length);
  return reader.at;
}

function unknownField(random: () => number): Buffer {
  return written((writer) => {
    const number = 1000 + Math.floor(random() * 1000);
    const wireType = [0, 1, 2, 3, 5][Math.floor(random() * 5)] as number;
    writer.tag(number, wireType);
    if (wireType === 0) writer.varint64(BigInt(Math.floor(random() * 2 ** 40)));
    else if (wireType === 1) writer.fixed64(7n);
    else if (wireType === 2) writer.text("unknown");
    else if (wireType === 5) writer.fixed32(7);
    else {
      writer.tag(1, 0);
      writer.varint(7);
      writer.tag(number, 4);
    }
  });
}

function written(write: (writer: WireWriter) => void): Buffer {
  const writer = new WireWriter();
  write(writer);
  return writer.finish();
}

/** Mulberry32: the same numbers for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
