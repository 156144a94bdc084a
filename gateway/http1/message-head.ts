import { METHODS } from "node:http";
import { HttpFault } from "./http-fault.ts";

/**
 * Reads the head of a message: start line and field lines (RFC 9112 sections 2 to 5, RFC 9110 section 5). Stricter than
 * it has to be: what two readers could understand in two ways (bare line feeds, folded lines, spaces before the
 * colon, repeated or contradicting lengths) is refused, since a relay that understands it one way and hands it on to a
 * server that understands it the other way can be made to smuggle requests.
 */

/** How the end of a body is told (RFC 9112 section 6.3): so many bytes, or one of these. */
export const chunked = -1;
/** Only the end of the connection tells it. Answers only. */
export const untilClose = -2;

interface MessageHead {
  /** HTTP/1.x. */
  readonly minorVersion: 0 | 1;
  /** Names and values in turn, in their order, spelled as they came; bytes as Latin-1. */
  readonly rawHeaders: string[];
  /** The connection may carry another message after this one. */
  readonly keepsAlive: boolean;
  /** Bytes of the body, or `chunked`, or `untilClose`. */
  readonly bodyLength: number;
  /** The protocol that `Upgrade` names, lower case, when `Connection` says so too; else "". */
  readonly upgrade: string;
}

export interface RequestHead extends MessageHead {
  readonly method: string;
  readonly target: string;
  /** The client waits for `100 Continue` before it sends its body. */
  readonly expectsContinue: boolean;
}

export interface ResponseHead extends MessageHead {
  readonly status: number;
  readonly reason: string;
  /** For how long the server promises to keep the connection (`Keep-Alive: timeout=`); -1 when it does not say. */
  readonly keepAliveHintMs: number;
}

export interface HeadLimits {
  readonly headBytes: number;
  readonly targetBytes: number;
  readonly fieldLines: number;
}

export const defaultHeadLimits: HeadLimits = { headBytes: 64 << 10, targetBytes: 16 << 10, fieldLines: 512 };

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const forbidden = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/;
const targetPattern = /^(?:\/[\x21-\x7e]*|https?:\/\/[\x21-\x7e]+|\*)$/i;
const lengthPattern = /^\d{1,15}$/;
const knownMethods = new Set(METHODS.filter((method) => method !== "CONNECT"));

/** Whether a value may stand in a field line. */
export function isFieldValue(value: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  return !/[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]/.test(value);
}

/** Reads a request's head: the text before the blank line, without it. Throws `HttpFault`. */
export function parseRequestHead(text: string, limits: HeadLimits): RequestHead {
  if (forbidden.test(text)) throw malformed("a control character or a bare line end in its head");
  const lineEnd = endOfLine(text, 0);
  const methodEnd = text.indexOf(" ");
  const targetEnd = text.indexOf(" ", methodEnd + 1);
  if (methodEnd <= 0 || targetEnd === -1 || targetEnd > lineEnd) throw malformed("no request line");
  const method = text.slice(0, methodEnd);
  if (!knownMethods.has(method)) {
    if (!token.test(method)) throw malformed("no method");
    throw new HttpFault(501, "The request's method is not one that this gateway forwards.");
  }
  const target = text.slice(methodEnd + 1, targetEnd);
  if (target.length > limits.targetBytes) throw new HttpFault(414, "The request's path is too long.");
  if (!targetPattern.test(target)) throw malformed("no valid path");
  const minorVersion = versionOf(text.slice(targetEnd + 1, lineEnd));
  const fields = readFields(text, lineEnd + 2, limits.fieldLines);
  if (fields.hostCount > 1 || (fields.hostCount === 0 && minorVersion === 1)) throw malformed("not one Host header");
  return {
    method,
    target,
    minorVersion,
    rawHeaders: fields.rawHeaders,
    keepsAlive: keepsAlive(fields, minorVersion),
    bodyLength: requestBodyLength(fields, minorVersion),
    upgrade: upgradeOf(fields),
    expectsContinue: minorVersion === 1 && fields.expect.toLowerCase() === "100-continue",
  };
}

/** Reads an answer's head to a request of the method. Throws `HttpFault`. */
export function parseResponseHead(text: string, method: string, limits: HeadLimits): ResponseHead {
  if (forbidden.test(text)) throw malformed("a control character or a bare line end in its head", "answer");
  const lineEnd = endOfLine(text, 0);
  const minorVersion = versionOf(text.slice(0, 8), "answer");
  const statusText = text.slice(9, 12);
  const afterStatus = text.charCodeAt(12);
  if (text[8] !== " " || !/^[1-9]\d\d$/.test(statusText) || (lineEnd > 12 && afterStatus !== 0x20)) {
    throw malformed("no status line", "answer");
  }
  const status = Number(statusText);
  const fields = readFields(text, lineEnd + 2, limits.fieldLines, "answer");
  const bodyLength = responseBodyLength(fields, status, method);
  return {
    status,
    reason: text.slice(13, Math.max(13, lineEnd)),
    minorVersion,
    rawHeaders: fields.rawHeaders,
    keepsAlive: bodyLength !== untilClose && keepsAlive(fields, minorVersion),
    bodyLength,
    upgrade: upgradeOf(fields),
    keepAliveHintMs: keepAliveHintMs(fields.keepAlive),
  };
}

function malformed(what: string, message: "request" | "answer" = "request"): HttpFault {
  return new HttpFault(400, `The ${message} is not valid HTTP/1.1: ${what}.`);
}

function endOfLine(text: string, from: number): number {
  const at = text.indexOf("\r\n", from);
  return at === -1 ? text.length : at;
}

function versionOf(text: string, message: "request" | "answer" = "request"): 0 | 1 {
  if (text === "HTTP/1.1") return 1;
  if (text === "HTTP/1.0") return 0;
  if (/^HTTP\/\d\.\d$/.test(text)) throw new HttpFault(505, `The ${message} is of an HTTP version other than 1.1.`);
  throw malformed("no HTTP version", message);
}

/** What the fields say about the message's own shape. */
class Fields {
  readonly rawHeaders: string[] = [];
  lengthCount = 0;
  length = "";
  transferCoding = "";
  hasTransferCoding = false;
  connection = "";
  hostCount = 0;
  expect = "";
  upgrade = "";
  keepAlive = "";
}

type Meaning = "content-length" | "transfer-encoding" | "connection" | "host" | "expect" | "upgrade" | "keep-alive";
const meanings: ReadonlyMap<string, Meaning> = new Map(
  (["content-length", "transfer-encoding", "connection", "host", "expect", "upgrade", "keep-alive"] as const).map(
    (name) => [name, name],
  ),
);

// Both sides spell their few dozen names the same way every time: each spelling is checked once.
const knownNames = new Map<string, Meaning | "">();
const knownNamesLimit = 2000;

/** What a field's name means here; "" for nothing, undefined when it is no name. */
function meaningOf(name: string): Meaning | "" | undefined {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  if (!token.test(name)) return undefined;
  const meaning = meanings.get(name.toLowerCase()) ?? "";
  // A copy: a slice would keep the whole head that it was cut from.
  if (knownNames.size < knownNamesLimit) knownNames.set(Buffer.from(name, "latin1").toString("latin1"), meaning);
  return meaning;
}

function readFields(text: string, start: number, limit: number, message: "request" | "answer" = "request"): Fields {
  const fields = new Fields();
  const { rawHeaders } = fields;
  let at = start;
  while (at < text.length) {
    const lineEnd = endOfLine(text, at);
    const colon = text.indexOf(":", at);
    const meaning = colon === -1 || colon > lineEnd ? undefined : meaningOf(text.slice(at, colon));
    if (meaning === undefined) throw malformed("a header line without a valid name", message);
    const value = trimmed(text, colon + 1, lineEnd);
    if (rawHeaders.length >= limit * 2) throw new HttpFault(431, `The ${message} has too many headers.`);
    rawHeaders.push(text.slice(at, colon), value);
    // Some servers, Node's among them, take the tab for a part of the coding's name.
    if (meaning === "transfer-encoding" && text.slice(colon, lineEnd).includes("\t")) {
      throw malformed("a Transfer-Encoding with a tab", message);
    }
    if (meaning !== "") note(fields, meaning, value);
    at = lineEnd + 2;
  }
  return fields;
}

/** The value without the white space around it (RFC 9112 section 5.1). */
function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function note(fields: Fields, meaning: Meaning, value: string): void {
  switch (meaning) {
    case "content-length":
      fields.lengthCount += 1;
      fields.length = value;
      break;
    case "transfer-encoding":
      fields.transferCoding = fields.hasTransferCoding ? `${fields.transferCoding},${value}` : value;
      fields.hasTransferCoding = true;
      break;
    case "connection":
      fields.connection += `,${value.toLowerCase()}`;
      break;
    case "host":
      fields.hostCount += 1;
      break;
    case "expect":
      fields.expect = value;
      break;
    case "upgrade":
      fields.upgrade = value;
      break;
    default:
      fields.keepAlive = value;
  }
}

/** The length that `Content-Length` tells; -1 when there is none. */
function toldLength(fields: Fields, message: "request" | "answer"): number {
  if (fields.lengthCount === 0) return -1;
  if (fields.lengthCount > 1) throw malformed("more than one Content-Length", message);
  if (fields.hasTransferCoding) throw malformed("both Content-Length and Transfer-Encoding", message);
  if (!lengthPattern.test(fields.length)) throw malformed("a Content-Length that is no number", message);
  return Number(fields.length);
}

function requestBodyLength(fields: Fields, minorVersion: 0 | 1): number {
  const length = toldLength(fields, "request");
  if (!fields.hasTransferCoding) return Math.max(0, length);
  if (minorVersion === 0) throw malformed("a Transfer-Encoding in HTTP/1.0");
  if (fields.transferCoding.toLowerCase() !== "chunked") throw malformed("a Transfer-Encoding other than chunked");
  return chunked;
}

function responseBodyLength(fields: Fields, status: number, method: string): number {
  const length = toldLength(fields, "answer");
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) return 0;
  if (!fields.hasTransferCoding) return length === -1 ? untilClose : length;
  const codings = fields.transferCoding.toLowerCase();
  if (codings === "chunked") return chunked;
  // Another coding cannot be undone for a client that was not told of it (RFC 9112 section 6.1).
  throw malformed("a Transfer-Encoding other than chunked", "answer");
}

function keepsAlive(fields: Fields, minorVersion: 0 | 1): boolean {
  if (fields.connection === "") return minorVersion === 1;
  if (names(fields.connection, "close")) return false;
  return minorVersion === 1 || names(fields.connection, "keep-alive");
}

function upgradeOf(fields: Fields): string {
  return fields.upgrade !== "" && names(fields.connection, "upgrade") ? fields.upgrade.toLowerCase() : "";
}

/** Whether the list has the word; both lower case. */
function names(list: string, word: string): boolean {
  return list.includes(word) && list.split(",").some((part) => part.trim() === word);
}

function keepAliveHintMs(keepAlive: string): number {
  const seconds = keepAlive === "" ? undefined : /(?:^|[,;\s])timeout\s*=\s*(\d{1,6})/i.exec(keepAlive)?.[1];
  return seconds === undefined ? -1 : Number(seconds) * 1000;
}
