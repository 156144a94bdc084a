import { readAnyValue, readAttribute } from "./any-value.ts";
import type { LogRecord } from "./log.ts";
import { Sections } from "./sections.ts";
import type { AnyValue, Attributes } from "./span.ts";
import { asBuffer, WireReader } from "./wire-reader.ts";

/** All records of an ExportLogsServiceRequest as plain values. Throws a MalformedOtlpError. */
export function decodeLogs(bytes: Uint8Array): LogRecord[] {
  const reader = new WireReader();
  reader.bytes = asBuffer(bytes);
  const sections = new Sections(reader);
  sections.open();
  const records: LogRecord[] = [];
  for (let end = sections.next(); end >= 0; end = sections.next()) records.push(readRecord(reader, end, sections));
  return records;
}

function readRecord(reader: WireReader, end: number, { resource, scope }: Sections): LogRecord {
  const attributes: Attributes = {};
  let timeUnixNano = 0n;
  let observedTimeUnixNano = 0n;
  let severityNumber = 0;
  let severityText = "";
  let body: AnyValue = null;
  let flags = 0;
  let traceId = "";
  let spanId = "";
  let eventName = "";
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag) {
      case 9:
        timeUnixNano = reader.fixed64();
        break;
      case 16:
        severityNumber = reader.int32();
        break;
      case 26:
        severityText = reader.text(end);
        break;
      case 42:
        body = readAnyValue(reader, reader.lengthEnd(end), 0, body);
        break;
      case 50:
        readAttribute(reader, end, attributes);
        break;
      case 69:
        flags = reader.fixed32();
        break;
      case 74:
        traceId = reader.hex(end);
        break;
      case 82:
        spanId = reader.hex(end);
        break;
      case 89:
        observedTimeUnixNano = reader.fixed64();
        break;
      case 98:
        eventName = reader.text(end);
        break;
      default:
        reader.skip(tag, end);
    }
  }
  reader.close(end);
  return {
    timeUnixNano,
    observedTimeUnixNano,
    severityNumber,
    severityText,
    body,
    attributes,
    flags,
    traceId,
    spanId,
    eventName,
    scope,
    resource,
  };
}
