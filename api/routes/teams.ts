import type { Team as CatalogTeam } from "@weir/catalog";
import { CodedError, userId } from "@weir/model";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { checkMayGive } from "../authorize.ts";
import type { ApiOptions, ApiServer } from "../context.ts";
import {
  apiPaths,
  organizationParams,
  type Team,
  team,
  teamBody,
  teamList,
  teamMemberParams,
  teamParams,
} from "../contract/index.ts";
import { answers } from "../route-answers.ts";
import { changesBy, grantOf, organizationOf } from "../scope.ts";

const tags = ["organizations"];
const nothing = { 204: z.undefined() };

export function registerTeams(server: ApiServer, options: ApiOptions): void {
  const listSchema = {
    operationId: "listTeams",
    tags,
    summary: "List an organisation's teams",
    params: organizationParams,
    response: answers({ 200: teamList }),
  };
  server.get(apiPaths.teams, { schema: listSchema }, async (request) => {
    return { data: (await options.catalog.teams.list(organizationOf(request))).map(toTeam) };
  });
  const createSchema = {
    operationId: "createTeam",
    tags,
    summary: "Make a team",
    params: organizationParams,
    body: teamBody,
    response: answers({ 201: team }),
  };
  server.post(apiPaths.teams, { schema: createSchema }, async (request, reply) => {
    const created = await changesBy(request, options).teams.create(organizationOf(request), request.body.name);
    return reply.code(201).send(toTeam(created));
  });
  registerChanges(server, options);
  registerTeamMembers(server, options);
}

function registerChanges(server: ApiServer, options: ApiOptions): void {
  const renameSchema = {
    operationId: "updateTeam",
    tags,
    summary: "Rename a team",
    params: teamParams,
    body: teamBody,
    response: answers(nothing),
  };
  server.patch(apiPaths.team, { schema: renameSchema }, async (request, reply) => {
    const { teams } = changesBy(request, options);
    checkFound(await teams.rename(organizationOf(request), request.params.team_id, request.body.name));
    return reply.code(204).send();
  });
  const deleteSchema = {
    operationId: "deleteTeam",
    tags,
    summary: "Delete a team, and the roles that it has on projects",
    params: teamParams,
    response: answers(nothing),
  };
  server.delete(apiPaths.team, { schema: deleteSchema }, async (request, reply) => {
    await checkTeamIsNotAbove(request, options);
    checkFound(await changesBy(request, options).teams.delete(organizationOf(request), request.params.team_id));
    return reply.code(204).send();
  });
}

function registerTeamMembers(server: ApiServer, options: ApiOptions): void {
  const addSchema = {
    operationId: "addTeamMember",
    tags,
    summary: "Put a member of the organisation into a team",
    params: teamMemberParams,
    response: answers(nothing),
  };
  server.put(apiPaths.teamMember, { schema: addSchema }, async (request, reply) => {
    const { team_id, user_id } = request.params;
    await checkTeamIsNotAbove(request, options);
    const { teams } = changesBy(request, options);
    checkFound(await teams.addMember(organizationOf(request), team_id, userId(user_id)));
    return reply.code(204).send();
  });
  const removeSchema = {
    operationId: "removeTeamMember",
    tags,
    summary: "Take somebody out of a team",
    params: teamMemberParams,
    response: answers(nothing),
  };
  server.delete(apiPaths.teamMember, { schema: removeSchema }, async (request, reply) => {
    const { team_id, user_id } = request.params;
    await checkTeamIsNotAbove(request, options);
    const { teams } = changesBy(request, options);
    checkFound(await teams.removeMember(organizationOf(request), team_id, userId(user_id)));
    return reply.code(204).send();
  });
}

/** Who puts somebody into a team gives what the team gives, and who takes somebody out takes it away. */
async function checkTeamIsNotAbove(request: FastifyRequest, { catalog }: ApiOptions): Promise<void> {
  const { team_id } = request.params as { team_id: string };
  const found = (await catalog.teams.list(organizationOf(request))).find(({ id }) => id === team_id);
  checkMayGive(grantOf(request), found?.greatestRole ?? null);
}

function checkFound(isFound: boolean): void {
  if (!isFound) throw new CodedError("NOT_FOUND", "The organisation has no such team, or the team no such member.");
}

function toTeam({ id, name, members, createdAt }: CatalogTeam): Team {
  return { id, name, user_ids: [...members], created_at: createdAt.toISOString() };
}
