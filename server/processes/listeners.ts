import { renameSync, rmSync } from "node:fs";
import type { Server } from "node:http";

/**
 * Listens on a Unix socket and takes over its path at once from whoever had it: the socket is made under a name of
 * its own and renamed, so that no caller ever finds the path missing.
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  const own = ownSocketName(path);
  rmSync(own, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(own, () => {
      server.off("error", reject);
      resolve();
    });
  });
  renameSync(own, path);
}

/**
 * Listens on a TCP port that a process of the same role may hold too: during a change of supervisors both do. 0 takes
 * a free one.
 */
export function listenOnPort(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, reusePort: port !== 0, backlog: 1024 }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** The kernel takes at most 107 bytes as a socket's path, so it is kept short. */
export function ownSocketName(path: string): string {
  return `${path}.${process.pid}`;
}
