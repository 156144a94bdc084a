import type { Project as CatalogProject } from "@weir/catalog";
import { CodedError, defaultProjectId, type RetentionSettings, retentionOf } from "@weir/model";
import { hasRows, startDeletion } from "@weir/storage";
import { visibleProjects } from "../authorize.ts";
import type { ApiOptions, ApiServer } from "../context.ts";
import {
  apiPaths,
  createProjectBody,
  deletion,
  type Project,
  project,
  projectList,
  projectParams,
  type UpdateProjectBody,
  updateProjectBody,
} from "../contract/index.ts";
import { projectChanged, projectDeleted } from "../events.ts";
import { answers } from "../route-answers.ts";
import { callerOf, changesBy, organizationOf, scopeOf } from "../scope.ts";

const tags = ["projects"];

export function registerProjects(server: ApiServer, options: ApiOptions): void {
  const { telemetry } = options;
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
    (request) => ({
      data: visibleProjects(callerOf(request), options.catalog).map((each) => toProject(each, options.retention)),
    }),
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
      return reply.code(201).send(toProject(created, options.retention));
    },
  );
  server.patch(
    apiPaths.project,
    {
      schema: {
        operationId: "updateProject",
        tags,
        summary: "Change a project's name or how long its data is kept",
        params: projectParams,
        body: updateProjectBody,
        response: answers({ 200: project }),
      },
    },
    async (request) => {
      const { name, retention } = request.body;
      const changes = { name, retention: retention && toSettings(retention) };
      const changed = await changesBy(request, options).updateProject(
        scopeOf(request, request.params, options),
        changes,
      );
      if (changed === undefined) throw new CodedError("NOT_FOUND", "There is no project of that id.");
      telemetry.emit(projectChanged, { project_id: changed.id });
      return toProject(changed, options.retention);
    },
  );
  registerDeletion(server, options);
}

/**
 * The catalog's entry goes first, so that nothing new is accepted; then the rows, in the background. A project whose
 * entry is gone but whose rows are not can be deleted again.
 */
function registerDeletion(server: ApiServer, options: ApiOptions): void {
  const { store, telemetry } = options;
  const schema = {
    operationId: "deleteProject",
    tags,
    summary: "Delete a project with all its data; answers at once, with the deletion to ask about",
    params: projectParams,
    response: answers({ 202: deletion }),
  };
  server.delete(apiPaths.project, { schema }, async (request, reply) => {
    const id = scopeOf(request, request.params, options);
    if (id === defaultProjectId) throw new CodedError("CONFLICT", "The default project cannot be deleted.");
    const wasThere = await changesBy(request, options).deleteProject(id);
    if (!wasThere && !(await hasRows(store, id))) throw new CodedError("NOT_FOUND", "There is no project of that id.");
    const started = await startDeletion(store, id, { wholeProject: true });
    telemetry.emit(projectDeleted, { project_id: id, deletion_id: started.deletion_id });
    return reply.code(202).send(started);
  });
}

export function toProject(
  { id, organizationId, name, createdAt, retention: own }: CatalogProject,
  settings: RetentionSettings,
): Project {
  const holds = retentionOf(own, settings);
  return {
    id,
    organization_id: organizationId,
    name,
    created_at: createdAt.toISOString(),
    retention: {
      spans_days: holds.spansDays,
      content_days: holds.contentDays,
      logs_days: holds.logsDays,
      metric_points_days: holds.metricPointsDays,
    },
    retention_settings: {
      spans_days: own.spansDays ?? null,
      content_days: own.contentDays ?? null,
      logs_days: own.logsDays ?? null,
      metric_points_days: own.metricPointsDays ?? null,
    },
  };
}

function toSettings(retention: NonNullable<UpdateProjectBody["retention"]>): RetentionSettings {
  return {
    spansDays: retention.spans_days,
    contentDays: retention.content_days,
    logsDays: retention.logs_days,
    metricPointsDays: retention.metric_points_days,
  };
}
