import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { ListenerCertificate } from "@weir/model";
import { Deadlines } from "./deadlines.ts";
import type { Exchange } from "./exchange.ts";
import type { HttpFault } from "./http-fault.ts";
import { defaultHeadLimits } from "./message-head.ts";
import { ServerConnection, type ServerContext } from "./server-connection.ts";
import { TlsAcceptor } from "./tls-acceptor.ts";

/** For a server that speaks TLS. */
export interface Http1TlsOptions {
  readonly certificate: ListenerCertificate;
  /** A request that came in plain text, to be told what to do instead. */
  readonly onPlainRequest: (exchange: Exchange) => void;
  readonly onHandshakeFailure: (error: Error) => void;
}

export interface Http1ServerOptions {
  /** How long a client may send nothing of a body, or take nothing of an answer. */
  readonly stallMs: number;
  readonly onRequest: (exchange: Exchange) => void;
  /** The JSON body of a refusal. */
  readonly refusalOf: (fault: HttpFault) => Buffer;
  /** Handling a request failed in a way that nobody foresaw; its connection was closed. */
  readonly onFailure: (error: unknown) => void;
  /** Default: plain text. */
  readonly tls?: Http1TlsOptions | undefined;
}

const headMs = 60_000;
const keepAliveMs = 75_000;
const lingerMs = 1_000;

/** An HTTP/1.1 server over bare sockets, or over TLS. */
export class Http1Server {
  readonly #server: Server;
  readonly #context: ServerContext;
  readonly #tls: TlsAcceptor | undefined;

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
    const serve = (socket: Socket) => void new ServerConnection(socket, this.#context);
    this.#tls = options.tls === undefined ? undefined : this.#acceptor(options.tls, serve);
    const accept = this.#tls === undefined ? serve : (socket: Socket) => this.#tls?.accept(socket);
    this.#server = createServer({ noDelay: true }, accept);
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
        this.#tls?.[Symbol.dispose]();
        resolve();
      }),
    );
  }

  closeIdleConnections(): void {
    this.#tls?.closeUndecided();
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

  #acceptor({ certificate, onPlainRequest, onHandshakeFailure }: Http1TlsOptions, onSecure: (socket: Socket) => void) {
    const plain: ServerContext = { ...this.#context, isDraining: true, onRequest: onPlainRequest };
    const onPlain = (socket: Socket) => void new ServerConnection(socket, plain);
    return new TlsAcceptor({ certificate, onSecure, onPlain, onHandshakeFailure });
  }
}
