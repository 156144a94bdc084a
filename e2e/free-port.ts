import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * A TCP port on loopback that nobody listens on now, below those that the system gives to outgoing connections: one
 * of them could take it before we do.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
