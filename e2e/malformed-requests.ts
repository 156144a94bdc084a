/** Requests that nobody should send, made by a seeded generator, so that a failure can be made again. */

export interface MalformedRequest {
  /** What was done to it, for the report of a failure. */
  readonly kind: string;
  readonly bytes: Buffer;
}

export interface KnownRoute {
  readonly method: string;
  /** As OpenAPI writes it: `/api/v1/traces/{trace_id}`. */
  readonly path: string;
  readonly queryNames: readonly string[];
}

export interface GeneratorOptions {
  readonly seed: number;
  readonly routes: readonly KnownRoute[];
  readonly apiKey: string;
  /** Bodies that the routes take when nothing is wrong with them; they are spoilt. */
  readonly jsonBodies: readonly unknown[];
  /** Telemetry in protobuf. */
  readonly binaryBodies: readonly Buffer[];
}

const hostileTexts = [
  "",
  " ",
  "0",
  "-1",
  "1e999",
  "NaN",
  "null",
  "true",
  "9223372036854775808",
  "0x7fffffff",
  "1970-01-01T00:00:00Z",
  "+275760-09-13T00:00:00Z",
  "9999-99-99T99:99:99Z",
  "2026-02-30",
  "' OR 1=1 --",
  "{param:String}",
  "$(reboot)",
  "../../../../etc/passwd",
  "..%2f..%2f",
  "%",
  "%zz",
  "%00",
  "%ff%fe",
  "%ed%a0%80",
  "__proto__",
  "constructor",
  "model:",
  'model:"',
  "((((((((((",
  "cost>0.01 AND OR NOT",
  "status:error AND (model:gpt",
  '"a phrase that never ends',
  "\u{1F4A3}\u202E\u0000\uFFFF",
  "a".repeat(3000),
  "eyJhIjoxfQ",
  "W10",
  "bnVsbA",
  "00000000000000000000000000000000",
  "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
];

const hostileValues: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  2 ** 53,
  [],
  {},
  [[[]]],
  { a: { a: { a: 1 } } },
  ...hostileTexts,
];

/** Makes one request after another, for ever; the same seed makes the same ones. */
export class MalformedRequests {
  readonly #options: GeneratorOptions;
  #state: number;

  constructor(options: GeneratorOptions) {
    this.#options = options;
    this.#state = options.seed >>> 0 || 1;
  }

  next(): MalformedRequest {
    const make = this.#pick(this.#makers);
    return make();
  }

  readonly #makers: readonly (() => MalformedRequest)[] = [
    () => this.#request("path and query", this.#knownTarget(), undefined),
    () => this.#request("path and query", this.#knownTarget(), undefined),
    () => this.#request("body", this.#knownTarget(true), this.#spoiltJson()),
    () => this.#request("body", this.#knownTarget(true), this.#spoiltJson()),
    () => this.#request("body", { method: "POST", target: this.#pick(telemetryPaths) }, this.#spoiltJson()),
    () => this.#request("protobuf", { method: "POST", target: this.#pick(otlpPaths) }, this.#spoiltBinary()),
    () => this.#request("unknown path", { method: this.#pick(methods), target: this.#randomTarget() }, undefined),
    () => ({ kind: "head", bytes: this.#spoiltHead() }),
  ];

  #knownTarget(wantsBody = false): { method: string; target: string } {
    const routes = wantsBody ? this.#options.routes.filter(({ method }) => method !== "GET") : this.#options.routes;
    const { method, path, queryNames } = this.#pick(routes);
    const target = path.replaceAll(/\{[^}]+\}/g, () => this.#segment());
    const names = queryNames.filter(() => this.#chance(0.4));
    const pairs = names.map(
      (name) => `${name}${this.#pick(["=", "=", "=", "[]=", "[a][b]=", ""])}${this.#queryValue()}`,
    );
    if (this.#chance(0.1)) pairs.push(...pairs);
    return {
      method: this.#chance(0.95) ? method : this.#pick(methods),
      target: `${target}${pairs.length > 0 ? "?" : ""}${pairs.join("&")}`,
    };
  }

  #segment(): string {
    return encodeURIComponentLoosely(this.#pick(hostileTexts)) || "x";
  }

  #queryValue(): string {
    return encodeURIComponentLoosely(this.#pick(hostileTexts));
  }

  #randomTarget(): string {
    return `/${Array.from({ length: 1 + this.#below(5) }, () => this.#segment()).join("/")}`;
  }

  #request(
    kind: string,
    { method, target }: { method: string; target: string },
    body: Buffer | undefined,
  ): MalformedRequest {
    const head = [
      `${method} ${target} HTTP/1.1`,
      "host: 127.0.0.1",
      "connection: close",
      ...this.#credentials(),
      ...(body === undefined
        ? []
        : [`content-type: ${this.#contentType(kind)}`, ...this.#encoding(), `content-length: ${body.length}`]),
    ];
    const bytes = Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "utf8");
    return {
      kind: `${kind}: ${method} ${target.slice(0, 200)}`,
      bytes: body === undefined ? bytes : Buffer.concat([bytes, body]),
    };
  }

  #credentials(): string[] {
    return this.#pick([
      [`authorization: Bearer ${this.#options.apiKey}`],
      [`authorization: Bearer ${this.#options.apiKey}`],
      [`authorization: Bearer ${this.#options.apiKey}`],
      [`x-api-key: ${this.#options.apiKey}`],
      [],
      ["authorization: Bearer"],
      ["authorization: Basic Zm9vOmJhcg=="],
      [`authorization: Bearer weir_${"é".repeat(20)}`],
      ["cookie: weir_session=%00%ff; weir_session=; ="],
      [`x-weir-key: ${"k".repeat(4000)}`],
    ]);
  }

  #contentType(kind: string): string {
    if (this.#chance(0.1))
      return this.#pick(["text/plain", "application/xml", ";;;", "application/json; charset=utf-99", ""]);
    return kind === "protobuf" ? "application/x-protobuf" : "application/json";
  }

  #encoding(): string[] {
    return this.#chance(0.1)
      ? [`content-encoding: ${this.#pick(["gzip", "zstd", "br", "deflate", "x", "gzip, gzip"])}`]
      : [];
  }

  #spoiltJson(): Buffer {
    const spoilt = this.#spoil(this.#pick(this.#options.jsonBodies), 0);
    const text = JSON.stringify(spoilt) ?? "undefined";
    const how = this.#below(12);
    if (how === 0) return Buffer.from(text.slice(0, this.#below(text.length + 1)));
    if (how === 1) return Buffer.from(`${"[".repeat(20_000)}`);
    if (how === 2) return Buffer.from(`{"a":`.repeat(5000));
    if (how === 3) return this.#flipped(Buffer.from(text));
    if (how === 4) return Buffer.from(text.replace(/\d+/, "1e999"));
    if (how === 5) return Buffer.from(text.replace(/"/, '"\\ud800'));
    return Buffer.from(text);
  }

  #spoil(value: unknown, depth: number): unknown {
    if (this.#chance(depth === 0 ? 0.03 : 0.15)) return this.#pick(hostileValues);
    if (Array.isArray(value)) return value.map((item) => this.#spoil(item, depth + 1));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).filter(() => !this.#chance(0.05));
    if (this.#chance(0.05)) entries.push([this.#pick(hostileTexts), this.#pick(hostileValues)]);
    return Object.fromEntries(entries.map(([key, item]) => [key, this.#spoil(item, depth + 1)]));
  }

  #spoiltBinary(): Buffer {
    const original = this.#pick(this.#options.binaryBodies);
    if (this.#chance(0.3)) return original.subarray(0, this.#below(original.length));
    if (this.#chance(0.2)) return Buffer.from(Array.from({ length: this.#below(400) }, () => this.#below(256)));
    return this.#flipped(original);
  }

  #flipped(original: Buffer): Buffer {
    const bytes = Buffer.from(original);
    for (let left = 1 + this.#below(8); left > 0 && bytes.length > 0; left--)
      bytes[this.#below(bytes.length)] = this.#below(256);
    return bytes;
  }

  /** Not HTTP, or hardly. */
  #spoiltHead(): Buffer {
    const good = Buffer.from(
      `POST /api/v1/traces/search HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${this.#options.apiKey}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`,
    );
    const how = this.#below(8);
    if (how < 4) return this.#flipped(good);
    if (how === 4) return Buffer.from("GET / HTTP/9.9\r\n\r\n");
    if (how === 5) return Buffer.from(`GET /api/v1/calls HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(90_000)}\r\n\r\n`);
    if (how === 6)
      return Buffer.from(
        "POST /api/v1/query HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
      );
    return Buffer.from(
      "POST /v1/traces HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n",
    );
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#below(items.length)] as Item;
  }

  #chance(probability: number): boolean {
    return this.#below(1_000_000) < probability * 1_000_000;
  }

  /** Xorshift: enough for choices. */
  #below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % Math.max(1, limit);
  }
}

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND"];
const otlpPaths = ["/v1/traces", "/v1/logs", "/v1/metrics"];
const telemetryPaths = [...otlpPaths, "/api/v1/traces", "/api/v1/traces/batch", "/api/v1/ai-apm/ingest"];

/** What may stand in a target, and what is already percent-encoded, stays. */
function encodeURIComponentLoosely(text: string): string {
  return text.replaceAll(/[^\w.~%'()*!:-]/gu, (character) =>
    /^[\ud800-\udfff]$/.test(character) ? "%ed%a0%80" : encodeURIComponent(character),
  );
}
