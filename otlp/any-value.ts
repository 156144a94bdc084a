import { MalformedOtlpError } from "./malformed.ts";
import type { AnyValue, Attributes } from "./span.ts";
import { deepestNesting, type WireReader } from "./wire-reader.ts";

type MutableMap = Record<string, AnyValue>;

/** Sets a key that a sender chose, whatever it is called. */
export function setOwn(target: MutableMap, key: string, value: AnyValue): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else target[key] = value;
}

/**
 * Reads an AnyValue up to `end`. `current` is what an earlier part of the same value said: lists and maps are
 * continued, as protobuf merges messages; anything else is replaced.
 */
export function readAnyValue(reader: WireReader, end: number, depth = 0, current: AnyValue = null): AnyValue {
  if (depth > deepestNesting) throw MalformedOtlpError.at(reader.at, "values are nested too deep");
  let value = current;
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        value = reader.text(end);
        break;
      case 16:
        value = reader.bool();
        break;
      case 24:
        value = reader.int64();
        break;
      case 33:
        value = reader.double();
        break;
      case 42: {
        const list = Array.isArray(value) ? (value as AnyValue[]) : [];
        readList(reader, reader.lengthEnd(end), depth + 1, list);
        value = list;
        break;
      }
      case 50: {
        const map = isMap(value) ? value : {};
        readMap(reader, reader.lengthEnd(end), depth + 1, map);
        value = map;
        break;
      }
      case 58: {
        const to = reader.lengthEnd(end);
        value = Uint8Array.from(reader.bytes.subarray(reader.at, to));
        reader.at = to;
        break;
      }
      default:
        reader.skip(tag, end);
    }
  }
  reader.close(end);
  return value;
}

function isMap(value: AnyValue): value is MutableMap {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** An ArrayValue, added to `list`. */
export function readList(reader: WireReader, end: number, depth: number, list: AnyValue[]): void {
  while (reader.at < end) {
    const tag = reader.tag();
    if (tag === 10) list.push(readAnyValue(reader, reader.lengthEnd(end), depth));
    else reader.skip(tag, end);
  }
  reader.close(end);
}

/** A KeyValueList, added to `map`. */
export function readMap(reader: WireReader, end: number, depth: number, map: MutableMap): void {
  while (reader.at < end) {
    const tag = reader.tag();
    if (tag === 10) readKeyValue(reader, reader.lengthEnd(end), depth, map);
    else reader.skip(tag, end);
  }
  reader.close(end);
}

/** One KeyValue, set in `map`. */
export function readKeyValue(reader: WireReader, end: number, depth: number, map: MutableMap): void {
  let key = "";
  let value: AnyValue = null;
  while (reader.at < end) {
    const tag = reader.tag();
    if (tag === 10) key = reader.text(end);
    else if (tag === 18) value = readAnyValue(reader, reader.lengthEnd(end), depth, value);
    else reader.skip(tag, end);
  }
  reader.close(end);
  setOwn(map, key, value);
}

/** Reads one KeyValue, with its length, into a message's attributes. */
export function readAttribute(reader: WireReader, end: number, attributes: Attributes): void {
  readKeyValue(reader, reader.lengthEnd(end), 0, attributes as MutableMap);
}
