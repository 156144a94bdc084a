import type { Socket } from "node:net";
import { createServer, type Server } from "node:tls";
import type { ListenerCertificate } from "@weir/model";

/** The first byte of a connection that begins with a TLS handshake (RFC 8446 section 5.1). */
const handshakeRecord = 0x16;
/** For the first byte, and again for the handshake. */
const handshakeMs = 30_000;

export interface TlsAcceptorOptions {
  readonly certificate: ListenerCertificate;
  /** The connection is secured: what is read from this socket is what the client meant. */
  readonly onSecure: (socket: Socket) => void;
  /** The client speaks plain text; nothing was read of it yet. */
  readonly onPlain: (socket: Socket) => void;
  readonly onHandshakeFailure: (error: Error) => void;
}

/** Secures connections as they come, by their first byte: those that do not begin with a handshake are told apart. */
export class TlsAcceptor implements Disposable {
  readonly #options: TlsAcceptorOptions;
  readonly #server: Server;
  /** Connections that are neither secured nor known to be plain. */
  readonly #undecided = new Set<Socket>();

  constructor(options: TlsAcceptorOptions) {
    this.#options = options;
    const { certificate, onSecure, onHandshakeFailure } = options;
    const settings = { ...certificate.options, handshakeTimeout: handshakeMs, ALPNProtocols: ["http/1.1"] };
    this.#server = createServer(settings, onSecure);
    this.#server.on("tlsClientError", onHandshakeFailure);
    certificate.keepRenewed(this.#server);
  }

  accept(socket: Socket): void {
    this.#undecided.add(socket);
    socket.on("error", ignore);
    socket.setTimeout(handshakeMs, () => socket.destroy());
    socket.once("close", () => this.#undecided.delete(socket));
    socket.once("readable", () => this.#decide(socket));
  }

  /** Ends the connections of which nothing is known yet. */
  closeUndecided(): void {
    for (const socket of this.#undecided) socket.destroy();
  }

  [Symbol.dispose](): void {
    this.closeUndecided();
    this.#server.close();
  }

  #decide(socket: Socket): void {
    const first = socket.read() as Buffer | null;
    if (first === null) {
      socket.destroy();
      return;
    }
    socket.setTimeout(0);
    socket.unshift(first);
    this.#undecided.delete(socket);
    // As `node:tls` and `node:https` document it for connections that somebody else accepted.
    if (first[0] === handshakeRecord) this.#server.emit("connection", socket);
    else this.#options.onPlain(socket);
  }
}

function ignore(): void {}
