import { CodedError } from "@weir/model";

/** Where a page of a list ended: rows of one instant are told apart by their span ids. */
export interface Cursor {
  readonly startTimeUnixNano: bigint;
  readonly spanId: string;
}

/** As opaque text for a client to give back. */
export function encodeCursor({ startTimeUnixNano, spanId }: Cursor): string {
  return Buffer.from(`${startTimeUnixNano}.${spanId}`).toString("base64url");
}

/** Throws BAD_REQUEST when the text is no cursor of ours. */
export function decodeCursor(text: string): Cursor {
  const match = /^(\d{1,19})\.([0-9a-f]{16})$/.exec(Buffer.from(text, "base64url").toString("latin1"));
  if (match?.[1] === undefined || match[2] === undefined) throw notOurs();
  return { startTimeUnixNano: BigInt(match[1]), spanId: match[2] };
}

/** Where a page of log records ended, as opaque text. */
export function instantCursor(unixNano: bigint, sequence: number): string {
  return Buffer.from(`${unixNano}-${sequence}`).toString("base64url");
}

/** Throws BAD_REQUEST when the text is no cursor of `instantCursor`. */
export function instantOfCursor(text: string): { readonly unixNano: bigint; readonly sequence: number } {
  const match = /^(\d{1,19})-(\d{1,10})$/.exec(Buffer.from(text, "base64url").toString("latin1"));
  if (match?.[1] === undefined || Number(match[2]) > 0xffff_ffff) throw notOurs();
  return { unixNano: BigInt(match[1]), sequence: Number(match[2]) };
}

function notOurs(): CodedError {
  return new CodedError("BAD_REQUEST", "The cursor is not one that this list gave.", {
    details: [{ path: "cursor", message: "not a cursor of this list" }],
  });
}
