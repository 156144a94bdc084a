import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Below the ports that systems give to outgoing connections: one of those could take the port before we listen on it. */
const lowestPort = 20_000;
const highestPort = 32_000;
const tries = 50;

/** A loopback port that nobody listens on now, and that no outgoing connection will take. */
export async function freeLoopbackPort(): Promise<number> {
  for (let attempt = 0; attempt < tries; attempt++) {
    const port = randomInt(lowestPort, highestPort);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port was found between ${lowestPort} and ${highestPort}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
