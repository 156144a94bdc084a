import type { Deadlines } from "./deadlines.ts";
import {
  type AnswerHandler,
  type ConnectionOwner,
  type Endpoint,
  type PhaseTimeouts,
  UpstreamConnection,
  type UpstreamRequest,
} from "./upstream-connection.ts";

/** The connections to one endpoint: as many as there are requests under way, the last used first. */
export class ConnectionPool implements ConnectionOwner, Disposable {
  readonly endpoint: Endpoint;
  readonly timeouts: PhaseTimeouts;
  readonly deadlines: Deadlines;
  tlsSession: Buffer | undefined;
  readonly #open = new Set<UpstreamConnection>();
  readonly #idle: UpstreamConnection[] = [];

  constructor(endpoint: Endpoint, timeouts: PhaseTimeouts, deadlines: Deadlines) {
    this.endpoint = endpoint;
    this.timeouts = timeouts;
    this.deadlines = deadlines;
  }

  get openConnections(): number {
    return this.#open.size;
  }

  /**
   * Sends over a kept connection, or over a new one when there is none, `isFresh` says so, or another protocol is asked
   * for.
   */
  send(request: UpstreamRequest, handler: AnswerHandler, isFresh = false): UpstreamConnection {
    const mayChangeProtocol = request.upgrade !== undefined;
    const kept = isFresh || mayChangeProtocol ? undefined : this.#takeIdle();
    const connection = kept ?? this.#connect(mayChangeProtocol);
    connection.send(request, handler);
    return connection;
  }

  onIdle(connection: UpstreamConnection): void {
    this.#idle.push(connection);
  }

  onClosed(connection: UpstreamConnection): void {
    this.#open.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
  }

  /** Breaks off everything. */
  [Symbol.dispose](): void {
    for (const connection of this.#open) connection.abort();
  }

  #takeIdle(): UpstreamConnection | undefined {
    const nowMs = performance.now();
    while (true) {
      const connection = this.#idle.pop();
      if (connection === undefined || (connection.isUsable && connection.deadlineMs > nowMs)) return connection;
      connection.abort();
    }
  }

  #connect(mayChangeProtocol: boolean): UpstreamConnection {
    const connection = new UpstreamConnection(this, mayChangeProtocol);
    this.#open.add(connection);
    return connection;
  }
}
