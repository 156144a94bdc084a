import type { ApiOptions, ApiServer } from "../context.ts";
import { apiPaths, install, masterKeyRotation } from "../contract/index.ts";
import { answers } from "../route-answers.ts";
import { changesBy } from "../scope.ts";

export function registerInstall(server: ApiServer, options: ApiOptions): void {
  const schema = {
    operationId: "getInstall",
    tags: ["install"],
    summary: "What this install is",
    response: answers({ 200: install }),
  };
  server.get(apiPaths.install, { schema }, () => options.install);
  const rotationSchema = {
    operationId: "rotateMasterKey",
    tags: ["install"],
    summary: "Seal every secret anew with a new master key; for the owner of this machine",
    response: answers({ 200: masterKeyRotation }),
  };
  server.post(apiPaths.masterKeyRotation, { schema: rotationSchema }, async (request) => {
    const { givenBy, ...counts } = await changesBy(request, options).rotateMasterKey();
    return { ...counts, given_by: givenBy };
  });
}
