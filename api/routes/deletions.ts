import { CodedError } from "@weir/model";
import { newDeletionId, readDeletion, startDeletion } from "@weir/storage";
import type { ApiOptions, ApiServer } from "../context.ts";
import { apiPaths, createDeletionBody, deletion, deletionParams, getDeletionQuery } from "../contract/index.ts";
import { dataDeletionStarted } from "../events.ts";
import { answers } from "../route-answers.ts";
import { changesBy, readOptions, scopeOf } from "../scope.ts";

const tags = ["projects"];

/** Deletion of a trace's, a user's or (asked for at the project) a project's data: asked for once, done in the background, also over restarts. */
export function registerDeletions(server: ApiServer, options: ApiOptions): void {
  const { store, telemetry } = options;
  server.post(
    apiPaths.deletions,
    {
      schema: {
        operationId: "createDeletion",
        tags,
        summary: "Delete a trace or a user's data; answers at once, with the deletion to ask about",
        body: createDeletionBody,
        response: answers({ 202: deletion }),
      },
    },
    async (request, reply) => {
      const project = scopeOf(request, request.body, options);
      const { trace_id, user_id = "" } = request.body;
      const subject = trace_id === undefined ? { userId: user_id } : { traceId: trace_id.toLowerCase() };
      const deletion_id = newDeletionId();
      const kind = trace_id === undefined ? "user_data" : "trace";
      await changesBy(request, options).auditLog.record({
        action: "telemetry.delete",
        projectId: project,
        target: { kind, id: trace_id?.toLowerCase() ?? user_id },
        after: { deletion_id },
      });
      // After its entry: what cannot be recorded is not deleted.
      const started = await startDeletion(store, project, subject, deletion_id);
      telemetry.emit(dataDeletionStarted, { project_id: project, deletion_id: started.deletion_id });
      return reply.code(202).send(started);
    },
  );
  server.get(
    apiPaths.deletion,
    {
      schema: {
        operationId: "getDeletion",
        tags,
        summary: "Read how far a deletion is",
        params: deletionParams,
        querystring: getDeletionQuery,
        response: answers({ 200: deletion }),
      },
    },
    async (request, reply) => {
      const project = scopeOf(request, request.query, options);
      const found = await readDeletion(store, project, request.params.deletion_id, readOptions(reply, options));
      if (found === undefined) throw new CodedError("NOT_FOUND", "This project has no deletion of that id.");
      return found;
    },
  );
}
