import { storageUsage } from "@weir/storage";
import { checkIsSession } from "../caller.ts";
import type { ApiOptions, ApiServer } from "../context.ts";
import { apiPaths, storageReport } from "../contract/index.ts";
import { answers } from "../route-answers.ts";
import { callerOf, readOptions } from "../scope.ts";

export function registerStorage(server: ApiServer, options: ApiOptions): void {
  const schema = {
    operationId: "getStorage",
    tags: ["install"],
    summary: "What each table takes on the disk",
    description:
      "Of all projects together: for a session or this machine's own key. On a cluster, the parts of the server that answers.",
    response: answers({ 200: storageReport }),
  };
  server.get(apiPaths.storage, { schema }, async (request, reply) => {
    checkIsSession(callerOf(request));
    const data = await storageUsage(options.store, readOptions(reply, options));
    return { data, total_disk_bytes: data.reduce((sum, { disk_bytes }) => sum + disk_bytes, 0) };
  });
}
