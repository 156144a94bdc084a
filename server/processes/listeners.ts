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

/** The kernel takes at most 107 bytes as a socket's path, so it is kept short. */
export function ownSocketName(path: string): string {
  return `${path}.${process.pid}`;
}
