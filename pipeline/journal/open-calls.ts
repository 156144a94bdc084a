import { newSpanRow, type ProjectId, type SpanRow, type SpanSource, spanColumns } from "@weir/model";
import type { OpenCall } from "../consumer.ts";
import { type Frame, openKind, snapshotKind } from "./frame.ts";

/** Where the segment before a snapshot ends; what stands behind it was refused. Segment 0 is none. */
export interface PreviousEnd {
  readonly segment: number;
  readonly end: number;
}

const decoder = new TextDecoder();

const timeColumns = Object.entries(spanColumns)
  .filter(([, { type }]) => type === "time_ns")
  .map(([name]) => name);

/** JSON has neither bigint nor bytes: times are written as their digits, bytes as the text that they are. */
function plainRow(row: SpanRow): Record<string, unknown> {
  const plain: Record<string, unknown> = { ...row };
  for (const name of timeColumns) plain[name] = String(plain[name]);
  for (const name in plain) if (plain[name] instanceof Uint8Array) plain[name] = decoder.decode(plain[name]);
  return plain;
}

/** A row of an older version lacks columns; they get the values of a row about which nothing is known. */
function revivedRow(plain: Record<string, unknown>): SpanRow {
  const row: Record<string, unknown> = { ...plain };
  for (const name of timeColumns) row[name] = BigInt(String(plain[name]));
  const known = row as unknown as SpanRow;
  return { ...newSpanRow(known.project_id as ProjectId, known.source as SpanSource, known.start_time), ...known };
}

function encodeJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

const plainCalls = (calls: Iterable<OpenCall>) =>
  Array.from(calls, ({ callNumber, row }) => ({ callNumber, row: plainRow(row) }));

export function encodeOpen(calls: readonly OpenCall[]): Buffer {
  return encodeJson({ calls: plainCalls(calls) });
}

export function encodeSnapshot(previous: PreviousEnd, calls: Iterable<OpenCall>): Buffer {
  return encodeJson({ previous, calls: plainCalls(calls) });
}

interface PlainCall {
  readonly callNumber: number;
  readonly row: Record<string, unknown>;
}

function decodeBody(frame: Frame): { previous?: PreviousEnd; calls: OpenCall[] } {
  try {
    const { previous, calls } = JSON.parse(frame.body.toString("utf8")) as {
      previous?: PreviousEnd;
      calls: PlainCall[];
    };
    const revived = calls.map(({ callNumber, row }) => ({ callNumber, row: revivedRow(row) }));
    return previous === undefined ? { calls: revived } : { previous, calls: revived };
  } catch {
    return { calls: [] };
  }
}

/** Where the segment before this one ends, from its snapshot. */
export function previousEnd(frame: Frame | undefined): PreviousEnd | undefined {
  return frame?.kind === snapshotKind ? decodeBody(frame).previous : undefined;
}

/** The calls that are open after the frames of the segments, in the order of their numbers. */
export function openCallsAfter(frames: Iterable<Frame>): OpenCall[] {
  let open = new Map<number, OpenCall>();
  for (const frame of frames) {
    if (frame.kind === snapshotKind) open = new Map();
    if (frame.kind === snapshotKind || frame.kind === openKind) {
      for (const { callNumber, row } of decodeBody(frame).calls) open.set(callNumber, { callNumber, row });
    }
    for (const callNumber of frame.closes) open.delete(callNumber);
  }
  return [...open.values()].sort((one, other) => one.callNumber - other.callNumber);
}
