import type { ApiOptions, ApiServer } from "../context.ts";
import { apiPaths, install } from "../contract/index.ts";
import { answers } from "../route-answers.ts";

export function registerInstall(server: ApiServer, options: ApiOptions): void {
  const schema = {
    operationId: "getInstall",
    tags: ["install"],
    summary: "What this install is",
    response: answers({ 200: install }),
  };
  server.get(apiPaths.install, { schema }, () => options.install);
}
