import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";

/** The bytes of one connection, as they passed. */
export interface RecordedConnection {
  readonly sent: Buffer[];
  readonly received: Buffer[];
}

/** A TCP relay that keeps every byte: what really reached the provider, whatever HTTP library stands before it. */
export class RecordingProxy implements AsyncDisposable {
  readonly url: string;
  readonly connections: RecordedConnection[] = [];
  readonly #close: () => Promise<void>;

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.#close = close;
  }

  static async start(upstream: string): Promise<RecordingProxy> {
    const { hostname, port } = new URL(upstream);
    const server = createServer((client) => {
      const record: RecordedConnection = { sent: [], received: [] };
      proxy.connections.push(record);
      const provider = connect({ host: hostname, port: Number(port), noDelay: true });
      client.on("data", (chunk) => record.sent.push(chunk));
      provider.on("data", (chunk) => record.received.push(chunk));
      client.pipe(provider).pipe(client);
      for (const [one, other] of [
        [client, provider],
        [provider, client],
      ] as const) {
        one.on("error", () => other.destroy());
        one.on("close", () => other.destroy());
      }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address() as AddressInfo;
    const proxy = new RecordingProxy(`http://127.0.0.1:${address.port}`, async () => {
      server.close();
    });
    return proxy;
  }

  /** All bytes that went to the provider since the last `forget`, as text. */
  get sentText(): string {
    return this.connections.map(({ sent }) => Buffer.concat(sent).toString("latin1")).join("");
  }

  /** The last request: its header lines and its body. */
  lastRequest(): { headers: string[]; body: string } {
    const start = this.sentText.lastIndexOf("\r\n\r\n");
    const head = this.sentText.slice(0, start);
    const from = Math.max(head.lastIndexOf("POST "), head.lastIndexOf("GET "));
    return { headers: head.slice(from).split("\r\n"), body: this.sentText.slice(start + 4) };
  }

  forget(): void {
    for (const connection of this.connections) {
      connection.sent.length = 0;
      connection.received.length = 0;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}
