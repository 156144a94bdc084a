import type { Grantee } from "@weir/catalog";
import { CodedError, type MemberRole, userId } from "@weir/model";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { checkMayGive } from "../authorize.ts";
import type { ApiOptions, ApiServer } from "../context.ts";
import {
  apiPaths,
  projectRoleList,
  projectRoleParams,
  projectTeamParams,
  projectUserParams,
  setProjectRoleBody,
} from "../contract/index.ts";
import { answers } from "../route-answers.ts";
import { changesBy, grantOf, scopeOf } from "../scope.ts";

const tags = ["projects"];
const nothing = { 204: z.undefined() };

/** Roles that a project itself gives, to people and to teams. */
export function registerProjectRoles(server: ApiServer, options: ApiOptions): void {
  const schema = {
    operationId: "listProjectRoles",
    tags,
    summary: "List the roles that a project itself gives",
    params: projectRoleParams,
    response: answers({ 200: projectRoleList }),
  };
  server.get(apiPaths.projectRoles, { schema }, async (request) => {
    return { data: [...(await options.catalog.members.projectRoles(scopeOf(request, request.params, options)))] };
  });
  registerUserRoles(server, options);
  registerTeamRoles(server, options);
}

function registerUserRoles(server: ApiServer, options: ApiOptions): void {
  const setSchema = {
    operationId: "setProjectUserRole",
    tags,
    summary: "Give a member of the organisation a role on the project",
    params: projectUserParams,
    body: setProjectRoleBody,
    response: answers(nothing),
  };
  server.put(apiPaths.projectUser, { schema: setSchema }, (request, reply) =>
    setRole(request, reply, { grantee: { user: userId(request.params.user_id) }, role: request.body.role }, options),
  );
  const removeSchema = {
    operationId: "removeProjectUserRole",
    tags,
    summary: "Take the role on the project away; that of the organisation stays",
    params: projectUserParams,
    response: answers(nothing),
  };
  server.delete(apiPaths.projectUser, { schema: removeSchema }, (request, reply) =>
    removeRole(request, reply, { user: userId(request.params.user_id) }, options),
  );
}

function registerTeamRoles(server: ApiServer, options: ApiOptions): void {
  const setSchema = {
    operationId: "setProjectTeamRole",
    tags,
    summary: "Give a team a role on the project",
    params: projectTeamParams,
    body: setProjectRoleBody,
    response: answers(nothing),
  };
  server.put(apiPaths.projectTeam, { schema: setSchema }, (request, reply) =>
    setRole(request, reply, { grantee: { team: request.params.team_id }, role: request.body.role }, options),
  );
  const removeSchema = {
    operationId: "removeProjectTeamRole",
    tags,
    summary: "Take a team's role on the project away",
    params: projectTeamParams,
    response: answers(nothing),
  };
  server.delete(apiPaths.projectTeam, { schema: removeSchema }, (request, reply) =>
    removeRole(request, reply, { team: request.params.team_id }, options),
  );
}

interface RoleWish {
  readonly grantee: Grantee;
  readonly role: MemberRole;
}

async function setRole(request: FastifyRequest, reply: FastifyReply, { grantee, role }: RoleWish, options: ApiOptions) {
  const project = scopeOf(request, request.params as { project_id: string }, options);
  checkMayGive(grantOf(request), role);
  await checkMayTake(request, grantee, options);
  await changesBy(request, options).members.setProjectRole(project, grantee, role);
  return reply.code(204).send();
}

async function removeRole(request: FastifyRequest, reply: FastifyReply, grantee: Grantee, options: ApiOptions) {
  const project = scopeOf(request, request.params as { project_id: string }, options);
  await checkMayTake(request, grantee, options);
  const wasThere = await changesBy(request, options).members.removeProjectRole(project, grantee);
  if (!wasThere) throw new CodedError("NOT_FOUND", "The project gives no such role.");
  return reply.code(204).send();
}

/** An admin cannot take away what an owner has. */
async function checkMayTake(request: FastifyRequest, grantee: Grantee, options: ApiOptions): Promise<void> {
  const id = "user" in grantee ? grantee.user : grantee.team;
  const project = scopeOf(request, request.params as { project_id: string }, options);
  const before = (await options.catalog.members.projectRoles(project)).find((each) => each.id === id);
  checkMayGive(grantOf(request), before?.role ?? null);
}
