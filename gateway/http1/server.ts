import { type AddressInfo, createServer, type Server } from "node:net";
import { Deadlines } from "./deadlines.ts";
import type { Exchange } from "./exchange.ts";
import type { HttpFault } from "./http-fault.ts";
import { defaultHeadLimits } from "./message-head.ts";
import { ServerConnection, type ServerContext } from "./server-connection.ts";

export interface Http1ServerOptions {
  /** How long a client may send nothing of a body, or take nothing of an answer. */
  readonly stallMs: number;
  readonly onRequest: (exchange: Exchange) => void;
  /** The JSON body of a refusal. */
  readonly refusalOf: (fault: HttpFault) => Buffer;
  /** Handling a request failed in a way that nobody foresaw; its connection was closed. */
  readonly onFailure: (error: unknown) => void;
}

const headMs = 60_000;
const keepAliveMs = 75_000;
const lingerMs = 1_000;

/** An HTTP/1.1 server over bare sockets. */
export class Http1Server {
  readonly #server: Server;
  readonly #context: ServerContext;

  constructor(options: Http1ServerOptions) {
    const lookEveryMs = Math.min(1000, Math.max(20, options.stallMs / 4));
    this.#context = {
      ...options,
      limits: defaultHeadLimits,
      deadlines: new Deadlines(lookEveryMs),
      headMs,
      keepAliveMs,
      connections: new Set(),
      isDraining: false,
    };
    this.#server = createServer({ noDelay: true }, (socket) => new ServerConnection(socket, this.#context));
  }

  get address(): AddressInfo {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the server does not listen");
    return address;
  }

  get openConnections(): number {
    return this.#context.connections.size;
  }

  /** Port 0 takes any free port; another one may be shared with other processes. */
  listen(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port, reusePort: port !== 0, backlog: 4096 }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  /**
   * Takes no further connection, and tells each client with its next answer that it was the connection's last. Resolves
   * when all connections have ended.
   */
  close(): Promise<void> {
    this.#context.isDraining = true;
    return new Promise((resolve) =>
      this.#server.close(() => {
        this.#context.deadlines[Symbol.dispose]();
        resolve();
      }),
    );
  }

  closeIdleConnections(): void {
    for (const connection of this.#context.connections) if (connection.isIdle) connection.socket.destroy();
  }

  /** Ends them after what was written to them, or soon when their clients do not take it. */
  closeAllConnections(): void {
    const { connections } = this.#context;
    for (const connection of connections) connection.socket.destroySoon();
    setTimeout(() => {
      for (const connection of connections) connection.socket.destroy();
    }, lingerMs).unref();
  }
}
