import type { Project as CatalogProject } from "@weir/catalog";
import { CodedError, defaultProjectId } from "@weir/model";
import { deleteProjectRows } from "@weir/storage";
import { visibleProjects } from "../authorize.ts";
import type { ApiOptions, ApiServer } from "../context.ts";
import {
  apiPaths,
  createProjectBody,
  type Project,
  project,
  projectDeletion,
  projectList,
  projectParams,
} from "../contract/index.ts";
import { projectDeleted } from "../events.ts";
import { answers } from "../route-answers.ts";
import { callerOf, changesBy, organizationOf, scopeOf } from "../scope.ts";

const tags = ["projects"];

export function registerProjects(server: ApiServer, options: ApiOptions): void {
  server.get(
    apiPaths.projects,
    {
      schema: {
        operationId: "listProjects",
        tags,
        summary: "List the projects that the caller may read",
        response: answers({ 200: projectList }),
      },
    },
    (request) => ({ data: visibleProjects(callerOf(request), options.catalog).map(toProject) }),
  );
  server.post(
    apiPaths.projects,
    {
      schema: {
        operationId: "createProject",
        tags,
        summary: "Make a project",
        body: createProjectBody,
        response: answers({ 201: project }),
      },
    },
    async (request, reply) => {
      const { name, id } = request.body;
      const wish = { name, id, organizationId: organizationOf(request) };
      const created = await changesBy(request, options).createProject(wish);
      return reply.code(201).send(toProject(created));
    },
  );
  registerDeletion(server, options);
}

/**
 * The catalog's entry goes first, so that nothing new is accepted; then the rows. A project whose entry is gone but
 * whose rows are not can be deleted again.
 */
function registerDeletion(server: ApiServer, options: ApiOptions): void {
  const { store, telemetry } = options;
  const schema = {
    operationId: "deleteProject",
    tags,
    summary: "Delete a project with all its data",
    params: projectParams,
    response: answers({ 200: projectDeletion }),
  };
  server.delete(apiPaths.project, { schema }, async (request) => {
    const id = scopeOf(request, request.params, options);
    if (id === defaultProjectId) throw new CodedError("CONFLICT", "The default project cannot be deleted.");
    const wasThere = await changesBy(request, options).deleteProject(id);
    const removed_rows = await deleteProjectRows(store, id);
    const rowCount = Object.values(removed_rows).reduce((sum, rows) => sum + rows, 0);
    if (!wasThere && rowCount === 0) throw new CodedError("NOT_FOUND", "There is no project of that id.");
    telemetry.emit(projectDeleted, { project_id: id, row_count: rowCount });
    return { project_id: id, removed_rows };
  });
}

export function toProject({ id, organizationId, name, createdAt }: CatalogProject): Project {
  return { id, organization_id: organizationId, name, created_at: createdAt.toISOString() };
}
