import { pipeline, Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { CodedError, type ProjectId } from "@weir/model";
import { exportRows } from "@weir/storage";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { ApiOptions, ApiServer } from "../context.ts";
import {
  apiPaths,
  type ExportedSettings,
  exportedSettings,
  exportFormat,
  projectExportParams,
} from "../contract/index.ts";
import { projectExported } from "../events.ts";
import { answers } from "../route-answers.ts";
import { changesBy, readOptions, scopeOf } from "../scope.ts";
import { toConnection } from "./connections.ts";
import { toApiKey } from "./keys.ts";
import { toProject } from "./projects.ts";

/** Each reads a whole table. */
const mostAtOnce = 4;
const longestMs = 12 * 60 * 60_000;

/** Everything that a project has, in parts: as they are read, they are sent. */
export function registerProjectExport(server: ApiServer, options: ApiOptions): void {
  let open = 0;
  const schema = {
    operationId: "exportProject",
    tags: ["projects"],
    summary:
      "A part of a project as a file: its settings, or every row of its spans with their content, logs or points",
    description: "See docs/project-export.md. A file that ends within its gzip stream is not whole: ask again.",
    params: projectExportParams,
    response: answers({
      200: {
        description: "The part, as a file.",
        content: { "application/json": { schema: exportedSettings }, "application/gzip": { schema: z.string() } },
      },
    }),
  };
  // A HEAD would read it all the same.
  server.get(apiPaths.projectExport, { schema, exposeHeadRoute: false }, async (request, reply) => {
    const project = scopeOf(request, { project_id: request.params.project_id }, options);
    const { part } = request.params;
    if (open >= mostAtOnce) {
      throw new CodedError("PART_UNAVAILABLE", "Too many exports are under way.", { retryAfterMs: 60_000 });
    }
    open += 1;
    reply.raw.once("close", () => {
      open -= 1;
    });
    await recordExport(request, project, part, options);
    const fileName = `${project}-${part}.${part === "settings" ? "json" : "ndjson.gz"}`;
    reply.header("content-disposition", `attachment; filename="${fileName}"`);
    if (part === "settings") return reply.send(await settingsOf(project, options));
    const rows: FastifyReply = reply;
    return rows.type("application/gzip").send(gzippedRows(project, part, reply, options));
  });
}

/** Before anything is sent: what cannot be recorded is not given. */
async function recordExport(
  request: FastifyRequest,
  project: ProjectId,
  part: string,
  options: ApiOptions,
): Promise<void> {
  const target = { kind: "project", id: project };
  await changesBy(request, options).auditLog.record({
    action: "project.export",
    projectId: project,
    target,
    after: { part },
  });
  options.telemetry.emit(projectExported, { project_id: project, part });
}

function gzippedRows(
  project: ProjectId,
  table: "spans" | "logs" | "metric_points",
  reply: FastifyReply,
  options: ApiOptions,
): Readable {
  const { signal } = readOptions(reply, options);
  const rows = exportRows(options.store, project, table, { signal, timeoutMs: longestMs });
  // A failure destroys the answer, so that nobody takes the beginning for the whole.
  return pipeline(Readable.from(asLines(rows)), createGzip({ level: 4 }), () => undefined);
}

async function* asLines(rows: AsyncIterable<readonly string[]>): AsyncGenerator<string> {
  for await (const some of rows) yield `${some.join("\n")}\n`;
}

async function settingsOf(project: ProjectId, { catalog, retention }: ApiOptions): Promise<ExportedSettings> {
  const [keys, connections, roles, found] = await Promise.all([
    catalog.listApiKeys(project),
    catalog.listConnections(project),
    catalog.members.projectRoles(project),
    catalog.current().project(project),
  ]);
  if (found === undefined) throw new CodedError("NOT_FOUND", "There is no project of that id.");
  return {
    format: exportFormat,
    exported_at: new Date().toISOString(),
    project: toProject(found, retention),
    keys: keys.map(toApiKey),
    connections: connections.map(toConnection),
    roles: [...roles],
  };
}
