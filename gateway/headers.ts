import { Attribution, gatewayHeader } from "./attribution.ts";

/** Request headers that carry a credential, lower case; any of them may hold a Weir key. */
const credentialNames = new Set(["authorization", "x-api-key", "api-key", "x-goog-api-key"]);

/** Headers that belong to one connection, or that the gateway writes itself. */
const hopByHop = new Set([
  "host",
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
  "http2-settings",
]);

type Rule =
  | {
      readonly kind: "forward" | "drop" | "credential" | "key" | "connection" | "length" | "coding" | "cookie";
      readonly name: string;
    }
  | { readonly kind: "noted"; readonly name: NotedName }
  | { readonly kind: "gateway"; readonly name: string; readonly header: NonNullable<ReturnType<typeof gatewayHeader>> };

/** What is looked at and goes on, by the field of the head that it is noted in. */
const notedFields = {
  "content-type": "contentType",
  "content-encoding": "contentEncoding",
  traceparent: "traceparent",
  origin: "origin",
  "sec-fetch-site": "fetchSite",
} as const;
type NotedName = keyof typeof notedFields;

// Clients spell their few dozen headers the same way every time; what a spelling means is remembered.
const rules = new Map<string, Rule>();
const rulesLimit = 2000;

function ruleOf(rawName: string): Rule {
  const known = rules.get(rawName);
  if (known !== undefined) return known;
  const rule = newRule(rawName.toLowerCase());
  if (rules.size < rulesLimit) rules.set(rawName, rule);
  return rule;
}

function newRule(name: string): Rule {
  if (name === "connection") return { kind: "connection", name };
  if (name === "content-length") return { kind: "length", name };
  // Requests with both a length and a coding, and codings other than chunked, were refused before.
  if (name === "transfer-encoding") return { kind: "coding", name };
  if (hopByHop.has(name)) return { kind: "drop", name };
  if (name === "x-weir-key") return { kind: "key", name };
  if (credentialNames.has(name)) return { kind: "credential", name };
  if (name === "cookie") return { kind: "cookie", name };
  if (Object.hasOwn(notedFields, name)) return { kind: "noted", name: name as NotedName };
  const header = gatewayHeader(name);
  return header === undefined ? { kind: "forward", name } : { kind: "gateway", name, header };
}

/** A request's headers, sorted into what goes on and what was meant for us. */
export class RequestHead {
  /** Names and values in turn, spelled as they came, in their order; without credentials and length. */
  forward: string[] = [];
  /** Credentials: lower-case name, name as spelled and value, in turn. */
  readonly credentials: string[] = [];
  weirKey = "";
  /** Length of the body in bytes: 0 when there is none, -1 when only its end will tell. */
  contentLength = 0;
  contentType = "";
  contentEncoding = "";
  traceparent = "";
  /** `Origin` and `Sec-Fetch-Site`, by which browsers tell whose page asks. */
  origin: string | undefined;
  fetchSite: string | undefined;
  attribution: Attribution | undefined;
}

/** Reads raw headers in one pass. */
export function readRequestHead(rawHeaders: readonly string[], keepGatewayHeaders: boolean): RequestHead {
  const head = new RequestHead();
  let connection = "";
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const rawName = rawHeaders[index] as string;
    const value = rawHeaders[index + 1] as string;
    const rule = ruleOf(rawName);
    switch (rule.kind) {
      case "forward":
        head.forward.push(rawName, value);
        break;
      case "noted":
        note(head, rule.name, value);
        head.forward.push(rawName, value);
        break;
      case "credential":
        head.credentials.push(rule.name, rawName, value);
        break;
      case "cookie":
        forwardCookies(head, rawName, value);
        break;
      case "key":
        head.weirKey = value.replace(/^Bearer\s+/i, "").trim();
        break;
      case "gateway":
        readGatewayHeader(head, rule, value);
        if (keepGatewayHeaders && !rule.header.isOwn) head.forward.push(rawName, value);
        break;
      case "connection":
        connection = connection === "" ? value : `${connection},${value}`;
        break;
      case "length":
        head.contentLength = Number(value);
        break;
      case "coding":
        head.contentLength = -1;
        break;
      default:
        break;
    }
  }
  if (connection !== "") head.forward = withoutNamed(head.forward, connection);
  return head;
}

function note(head: RequestHead, name: NotedName, value: string): void {
  head[notedFields[name]] = name === "content-type" ? value.toLowerCase() : value;
}

const ownCookie = /^\s*(?:__(?:host|secure)-)?weir_/i;

/** A browser sends Weir's own cookies to every path of Weir: a session's secret is not for providers. */
function forwardCookies(head: RequestHead, rawName: string, value: string): void {
  const cookies = value.split(";").filter((cookie) => !ownCookie.test(cookie));
  if (cookies.length > 0) head.forward.push(rawName, cookies.join(";").trimStart());
}

function readGatewayHeader(head: RequestHead, rule: Rule & { kind: "gateway" }, value: string): void {
  if (rule.header.read === undefined || value === "") return;
  head.attribution ??= new Attribution();
  rule.header.read(head.attribution, unicodeOf(value), rule.name);
}

/** Header bytes are read as Latin-1; people send names in UTF-8. */
export function unicodeOf(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is about what is not ASCII
  if (!/[^\x00-\x7f]/.test(value)) return value;
  const decoded = Buffer.from(value, "latin1").toString();
  return decoded.includes("\ufffd") ? value : decoded;
}

const plainConnection = /^\s*(close|keep-alive)\s*$/i;

/** `Connection` may name further headers that end here. */
function withoutNamed(headers: string[], connection: string): string[] {
  if (plainConnection.test(connection)) return headers;
  const named = new Set(connection.split(",").map((name) => name.trim().toLowerCase()));
  return headers.filter((_, index) => !named.has((headers[index - (index % 2)] as string).toLowerCase()));
}

/** What the relay must know of an answer's head, and its headers as the client gets them. */
export class AnswerHead {
  readonly forward: string[] = [];
  contentType = "";
  contentEncoding = "";
  /** As told by the provider, when the client is told too; else -1. */
  contentLength = -1;
  /** Headers in which AWS tells usage and errors, by lower-case name; undefined when there were none. */
  vendorHeaders: Record<string, string> | undefined;
}

/** What a provider says of its own host, and a browser would take to be said of Weir's. */
const aboutHost = new Set(["alt-svc", "clear-site-data", "strict-transport-security", "nel", "report-to"]);

/** Types that no browser shows as a page; of several, a browser may choose another than we. */
const noPage = /^(application\/json|text\/event-stream)\s*(;[^,]*)?$/;
/** What else comes may be a page with scripts, from whoever a connection leads to: it must not act as one of Weir's. */
const asNoPageOfOurs = ["content-security-policy", "sandbox", "x-content-type-options", "nosniff"];

type AnswerRule =
  | "forward"
  | "drop"
  | "connection"
  | "content-type"
  | "content-encoding"
  | "length"
  | "vendor"
  | "set-cookie";

const answerRules = new Map<string, AnswerRule>();

function answerRuleOf(rawName: string): AnswerRule {
  const known = answerRules.get(rawName);
  if (known !== undefined) return known;
  const name = rawName.toLowerCase();
  let rule: AnswerRule = "forward";
  if (name === "connection") rule = "connection";
  else if (name === "content-length") rule = "length";
  else if (name === "content-type" || name === "content-encoding") rule = name;
  else if (name === "set-cookie") rule = name;
  else if (hopByHop.has(name) || aboutHost.has(name)) rule = "drop";
  else if (name.startsWith("x-amzn-")) rule = "vendor";
  if (answerRules.size < rulesLimit) answerRules.set(rawName, rule);
  return rule;
}

/** Reads an answer's raw headers. `dropLength`: the body may come out shorter than the provider says. */
export function readAnswerHead(raw: readonly (Buffer | string)[], dropLength: (type: string) => boolean): AnswerHead {
  const head = new AnswerHead();
  let connection = "";
  let lengthAt = -1;
  let mayBePage = false;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = latin1(raw[index] as Buffer | string);
    const value = latin1(raw[index + 1] as Buffer | string);
    switch (answerRuleOf(name)) {
      case "drop":
        continue;
      case "connection":
        connection = connection === "" ? value : `${connection},${value}`;
        continue;
      case "set-cookie":
        if (ownCookie.test(value)) continue;
        break;
      case "content-type":
        head.contentType = value.toLowerCase();
        mayBePage ||= !noPage.test(head.contentType);
        break;
      case "content-encoding":
        head.contentEncoding = value;
        break;
      case "length":
        head.contentLength = Number(value);
        lengthAt = head.forward.length;
        break;
      case "vendor":
        head.vendorHeaders = { ...head.vendorHeaders, [name.toLowerCase()]: value };
        break;
      default:
        break;
    }
    head.forward.push(name, value);
  }
  if (lengthAt !== -1 && dropLength(head.contentType)) {
    head.forward.splice(lengthAt, 2);
    head.contentLength = -1;
  }
  if (connection !== "" && !plainConnection.test(connection)) {
    const kept = withoutNamed(head.forward, connection);
    head.forward.splice(0, head.forward.length, ...kept);
  }
  if (mayBePage || head.contentType === "") head.forward.push(...asNoPageOfOurs);
  return head;
}

function latin1(value: Buffer | string): string {
  return typeof value === "string" ? value : value.toString("latin1");
}
