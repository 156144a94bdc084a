import type { Project as CatalogProject } from "@weir/catalog";
import { CodedError, defaultProjectId, projectId } from "@weir/model";
import { deleteProjectRows } from "@weir/storage";
import { type Caller, checkIsSession } from "../caller.ts";
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
import { callerOf } from "../scope.ts";

const tags = ["projects"];

export function registerProjects(server: ApiServer, options: ApiOptions): void {
  const { catalog } = options;
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
    (request) => ({ data: visibleProjects(callerOf(request), options) }),
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
      checkIsSession(callerOf(request));
      const created = await catalog.createProject(request.body);
      return reply.code(201).send(toProject(created));
    },
  );
  registerDeletion(server, options);
}

/**
 * The catalog's entry goes first, so that nothing new is accepted; then the rows. A project whose entry is gone but
 * whose rows are not can be deleted again.
 */
function registerDeletion(server: ApiServer, { catalog, store, telemetry }: ApiOptions): void {
  const schema = {
    operationId: "deleteProject",
    tags,
    summary: "Delete a project with all its data",
    params: projectParams,
    response: answers({ 200: projectDeletion }),
  };
  server.delete(apiPaths.project, { schema }, async (request) => {
    checkIsSession(callerOf(request));
    const id = projectId(request.params.project_id);
    if (id === defaultProjectId) throw new CodedError("CONFLICT", "The default project cannot be deleted.");
    const wasThere = await catalog.deleteProject(id);
    const removed_rows = await deleteProjectRows(store, id);
    const rowCount = Object.values(removed_rows).reduce((sum, rows) => sum + rows, 0);
    if (!wasThere && rowCount === 0) throw new CodedError("NOT_FOUND", "There is no project of that id.");
    telemetry.emit(projectDeleted, { project_id: id, row_count: rowCount });
    return { project_id: id, removed_rows };
  });
}

/** With a session all projects, with a key its own. */
export function visibleProjects(caller: Caller, { catalog }: ApiOptions): Project[] {
  const all = catalog.current().projects();
  const visible = caller.via === "session" ? all : all.filter(({ id }) => id === caller.key.projectId);
  return visible.map(toProject);
}

function toProject({ id, organizationId, name, createdAt }: CatalogProject): Project {
  return { id, organization_id: organizationId, name, created_at: createdAt.toISOString() };
}
