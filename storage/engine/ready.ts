import { get } from "node:http";

/** Where a client asks, and as whom. */
interface Address {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

const answerTimeoutMs = 5000;

/**
 * Whether the engine that was started under `startId` answers there. A ping alone could be answered by a predecessor
 * that is about to end, or by a stranger on the port.
 */
export function answersAs(address: Address, startId: string): Promise<boolean> {
  const query = encodeURIComponent("SELECT getMacro('weir_start')");
  const headers = { "X-ClickHouse-User": address.username, "X-ClickHouse-Key": address.password };
  return new Promise((done) => {
    const request = get(`${address.url}/?query=${query}`, { headers, agent: false, timeout: answerTimeoutMs });
    request.on("timeout", () => request.destroy());
    request.on("error", () => done(false));
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        text = (text + piece).slice(0, 200);
      });
      response.on("close", () => done(text.trim() === startId));
    });
  });
}
