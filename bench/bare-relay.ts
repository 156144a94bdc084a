/**
 * The least a gateway can be on Node: `node:http` in, undici out, requests read whole, answers passed on as they
 * come, nothing recorded. The yardstick of what recording costs.
 *
 *   node bench/bare-relay.ts --port 9002 --upstream http://127.0.0.1:9001
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { parseArgs } from "node:util";
import { type Dispatcher, Pool } from "undici";

const { values } = parseArgs({
  options: { port: { type: "string", default: "0" }, upstream: { type: "string", default: "" } },
});
const pool = new Pool(values.upstream, { connections: 128, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
const notForwarded = new Set(["host", "connection", "keep-alive", "transfer-encoding"]);

class Relay implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Without this a client that leaves would keep one of the pool's connections for ever.
    this.#response.once("close", () => {
      if (!this.#response.writableFinished) controller.abort(new Error("the client has left"));
    });
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: object): void {
    const kept = Object.entries(headers as Record<string, string>).filter(([name]) => !notForwarded.has(name));
    this.#response.writeHead(status, Object.fromEntries(kept));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#response.write(chunk)) return;
    controller.pause();
    this.#response.once("drain", () => controller.resume());
  }

  onResponseEnd(): void {
    this.#response.end();
  }

  onResponseError(_: unknown, error: Error): void {
    if (this.#response.headersSent) this.#response.destroy(error);
    else this.#response.writeHead(502).end();
  }
}

function relay(request: IncomingMessage, response: ServerResponse): void {
  const headers: string[] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] ?? "";
    if (!notForwarded.has(name.toLowerCase())) headers.push(name, request.rawHeaders[index + 1] ?? "");
  }
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
    const method = (request.method ?? "GET") as Dispatcher.HttpMethod;
    pool.dispatch({ path: request.url ?? "/", method, headers, body }, new Relay(response));
  });
}

const server = createServer({ noDelay: true, keepAliveTimeout: 60_000 }, relay);
server.listen(Number(values.port), "127.0.0.1", () => {
  const address = server.address();
  console.log(`listening on http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : ""}`);
});
process.once("SIGTERM", () => process.exit(0));
