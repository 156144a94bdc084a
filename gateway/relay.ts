import { Agent, type IncomingMessage, request, type ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import { CodedError, type Telemetry } from "@weir/model";
import { relayFailed } from "./events.ts";
import { answerError } from "./own-answer.ts";

const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
]);

/** Passes requests that are not LLM calls on to another process of this Weir, over its Unix socket. */
export class Relay implements Disposable {
  readonly #part: string;
  readonly #socketPath: string;
  readonly #telemetry: Telemetry;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 32, timeout: 0 });

  constructor(part: string, socketPath: string, telemetry: Telemetry) {
    this.#part = part;
    this.#socketPath = socketPath;
    this.#telemetry = telemetry;
  }

  pass(req: IncomingMessage, res: ServerResponse): void {
    const upstream = request({
      socketPath: this.#socketPath,
      agent: this.#agent,
      method: req.method ?? "GET",
      path: req.url ?? "/",
      headers: relayedHeaders(req),
      setHost: false,
    });
    upstream.on("response", (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? "", endToEnd(answer.rawHeaders));
      res.flushHeaders();
      // Either side's end ends the other; a broken answer breaks the client's connection.
      pipeline(answer, res, () => {});
    });
    upstream.on("error", (error) => this.#fail(res, error));
    res.on("close", () => upstream.destroy());
    req.on("error", () => upstream.destroy());
    req.pipe(upstream);
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  #fail(res: ServerResponse, error: Error): void {
    if (res.destroyed || res.writableEnded) return;
    this.#telemetry.emit(relayFailed, { part: this.#part, error: error.message });
    if (res.headersSent) {
      res.destroy();
      return;
    }
    const message = `Weir's ${this.#part} process does not answer; it is starting or restarting.`;
    answerError(res, new CodedError("PART_UNAVAILABLE", message, { cause: error, retryAfterMs: 1000 }), "openai");
  }
}

/** End-to-end headers as they came, and the client's address in `x-forwarded-for`, which only we may write. */
function relayedHeaders(req: IncomingMessage): string[] {
  const headers = endToEnd(req.rawHeaders, "x-forwarded-for");
  headers.push("x-forwarded-for", req.socket.remoteAddress ?? "");
  if (req.headers["transfer-encoding"] !== undefined) headers.push("transfer-encoding", "chunked");
  return headers;
}

function endToEnd(rawHeaders: readonly string[], leftOut = ""): string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase();
    if (!hopByHop.has(name) && name !== leftOut)
      kept.push(rawHeaders[index] as string, rawHeaders[index + 1] as string);
  }
  return kept;
}
