import { createServer, type ServerResponse } from "node:http";
import type { MetricStore } from "../metrics/metric-store.ts";
import type { PartState } from "../role.ts";
import { listenOnSocket } from "./listeners.ts";

export interface InternalServerOptions {
  readonly socketPath: string;
  readonly metrics: MetricStore;
  readonly state: () => Promise<Record<string, PartState>>;
}

/** Tells the other processes of this Weir what this one counted and how it is, on a Unix socket. */
export async function startInternalServer(options: InternalServerOptions): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    if (request.url === "/internal/metrics") sendJson(response, options.metrics.snapshot());
    else if (request.url === "/internal/state") void sendState(response, options.state);
    else response.writeHead(404).end();
  });
  await listenOnSocket(server, options.socketPath);
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function sendState(response: ServerResponse, state: InternalServerOptions["state"]): Promise<void> {
  try {
    sendJson(response, await state());
  } catch {
    response.writeHead(500).end();
  }
}

function sendJson(response: ServerResponse, value: unknown): void {
  const text = JSON.stringify(value);
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
}
