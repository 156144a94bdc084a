import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { ConnectionPool } from "./connection-pool.ts";
import { Deadlines } from "./deadlines.ts";
import type { AnswerHandler, UpstreamConnection } from "./upstream-connection.ts";

const read = (name: string) => readFileSync(new URL(`../testing/${name}`, import.meta.url));
const certificate = { cert: read("localhost.cert.pem"), key: read("localhost.key.pem") };
const timeouts = { connectMs: 5000, firstByteMs: 5000, idleMs: 5000 };
/** What a socket reads at once: of TLS, its records come one by one, also those that a pause finds read already. */
const readBytes = 64 << 10;
const long = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => String(index % 10)).join(""));
const pieces = ["data: a\n\n", "data: b\n\n", `data: ${"c".repeat(40_000)}\n\n`];

const answerWith: RequestListener = (request, response) => {
  request.resume();
  if (request.url === "/long") {
    response.end(long);
    return;
  }
  const next = (index: number) => {
    if (index === pieces.length) response.end();
    else response.write(pieces[index], () => setImmediate(next, index + 1));
  };
  next(0);
};

/** Takes an answer, and nothing more of it for a moment after each part. */
class SlowTaker implements AnswerHandler {
  readonly whole: Promise<Buffer>;
  connection: UpstreamConnection | undefined;
  /** How much came in this pause; -1 outside. */
  #pausedBytes = -1;
  readonly #parts: Buffer[] = [];
  #resolve: (body: Buffer) => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor() {
    this.whole = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  onAnswerHead(): void {}
  onUpgraded(): void {}
  onRequestDrain(): void {}

  onAnswerData(bytes: Buffer): void {
    if (this.#pausedBytes !== -1) this.#pausedBytes += bytes.length;
    if (this.#pausedBytes > readBytes) this.#reject(new Error("it was read on during a pause"));
    this.#parts.push(bytes);
  }

  onAnswerRead(_: Buffer, isEnd: boolean): void {
    if (isEnd) {
      this.#resolve(Buffer.concat(this.#parts));
      return;
    }
    if (this.#pausedBytes !== -1) return;
    this.#pausedBytes = 0;
    this.connection?.pause();
    setImmediate(() => {
      this.#pausedBytes = -1;
      this.connection?.resume();
    });
  }

  onAnswerError(error: Error): void {
    this.#reject(error);
  }
}

for (const isTls of [false, true]) {
  describe(isTls ? "over TLS" : "in plain text", () => {
    const trusted = getCACertificates("default");
    const server = isTls ? createSecureServer(certificate, answerWith) : createServer(answerWith);
    const deadlines = new Deadlines(100);
    let pool: ConnectionPool;

    before(async () => {
      setDefaultCACertificates([...trusted, certificate.cert.toString()]);
      server.listen(0, "localhost");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      pool = new ConnectionPool({ host: "localhost", port, isTls, hostHeader: "localhost" }, timeouts, deadlines);
    });
    after(async () => {
      pool[Symbol.dispose]();
      deadlines[Symbol.dispose]();
      setDefaultCACertificates(trusted);
      server.close();
      await once(server, "close");
    });

    async function bodyOf(path: string): Promise<Buffer> {
      const taker = new SlowTaker();
      taker.connection = pool.send({ method: "GET", path, headers: [], body: null }, taker);
      return taker.whole;
    }

    test("answers stay as they came while others are read, and a pause leaves them with the kernel", async () => {
      const paths = ["/long", "/pieces", "/long", "/pieces"];
      const bodies = await Promise.all(paths.map(bodyOf));
      for (const [index, path] of paths.entries()) {
        assert.ok(bodies[index]?.equals(path === "/long" ? long : Buffer.from(pieces.join(""))), path);
      }
      assert.equal(pool.openConnections, paths.length);
    });

    test("the next answer comes over the same connection", async () => {
      const before = pool.openConnections;
      assert.ok((await bodyOf("/long")).equals(long));
      assert.equal(pool.openConnections, before);
    });
  });
}
