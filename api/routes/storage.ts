import { storageUsage } from "@weir/storage";
import type { ApiOptions, ApiServer } from "../context.ts";
import { apiPaths, storageReport } from "../contract/index.ts";
import { answers } from "../route-answers.ts";
import { readOptions } from "../scope.ts";

export function registerStorage(server: ApiServer, options: ApiOptions): void {
  const schema = {
    operationId: "getStorage",
    tags: ["install"],
    summary: "What each table takes on the disk",
    description:
      "Of all projects together: for the owner of this machine. On a cluster, the parts of the server that answers.",
    response: answers({ 200: storageReport }),
  };
  server.get(apiPaths.storage, { schema }, async (_, reply) => {
    const data = await storageUsage(options.store, readOptions(reply, options));
    return { data, total_disk_bytes: data.reduce((sum, { disk_bytes }) => sum + disk_bytes, 0) };
  });
}
