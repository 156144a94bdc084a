import type { Member as CatalogMember } from "@weir/catalog";
import { CodedError, type OrganizationId, type UserId, userId } from "@weir/model";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { checkMayGive, greatestRoleOf } from "../authorize.ts";
import type { ApiOptions, ApiServer } from "../context.ts";
import {
  apiPaths,
  type Member,
  memberList,
  memberParams,
  organizationParams,
  secretLink,
  updateMemberBody,
} from "../contract/index.ts";
import { answers } from "../route-answers.ts";
import { changesBy, grantOf, organizationOf } from "../scope.ts";

const tags = ["organizations"];
const unknown = () => new CodedError("NOT_FOUND", "The organisation has no such member.");

export function registerMembers(server: ApiServer, options: ApiOptions): void {
  const { catalog } = options;
  const listSchema = {
    operationId: "listMembers",
    tags,
    summary: "List an organisation's members",
    params: organizationParams,
    response: answers({ 200: memberList }),
  };
  server.get(apiPaths.members, { schema: listSchema }, async (request) => {
    return { data: (await catalog.members.list(organizationOf(request))).map(toMember) };
  });
  registerChanges(server, options);
  registerPasswordReset(server, options);
}

function registerChanges(server: ApiServer, options: ApiOptions): void {
  const updateSchema = {
    operationId: "updateMember",
    tags,
    summary: "Give a member another role; nobody gives or takes a role above their own",
    params: memberParams,
    body: updateMemberBody,
    response: answers({ 204: z.undefined() }),
  };
  server.patch(apiPaths.member, { schema: updateSchema }, async (request, reply) => {
    const user = userId(request.params.user_id);
    const organization = organizationOf(request);
    await memberBelow(request, organization, user, options);
    checkMayGive(grantOf(request), request.body.role);
    await changesBy(request, options).members.setRole(organization, user, request.body.role);
    return reply.code(204).send();
  });
  const removeSchema = {
    operationId: "removeMember",
    tags,
    summary: "Take somebody out of an organisation, with the keys and roles that they have there",
    params: memberParams,
    response: answers({ 204: z.undefined() }),
  };
  server.delete(apiPaths.member, { schema: removeSchema }, async (request, reply) => {
    const user = userId(request.params.user_id);
    const organization = organizationOf(request);
    await memberBelow(request, organization, user, options);
    checkMayGive(grantOf(request), greatestRoleOf(user, organization, options.catalog));
    const wasThere = await changesBy(request, options).members.remove(organization, user);
    if (!wasThere) throw unknown();
    return reply.code(204).send();
  });
}

/** An account may belong to other organisations too: then only the owner of this machine may make such a link. */
function registerPasswordReset(server: ApiServer, options: ApiOptions): void {
  const schema = {
    operationId: "createMemberPasswordReset",
    tags,
    summary: "Make a link with which a member chooses a new password; only for members of no other organisation",
    params: memberParams,
    response: answers({ 201: secretLink }),
  };
  server.post(apiPaths.memberPasswordReset, { schema }, async (request, reply) => {
    const { catalog } = options;
    const user = userId(request.params.user_id);
    const organization = organizationOf(request);
    await memberBelow(request, organization, user, options);
    checkMayGive(grantOf(request), greatestRoleOf(user, organization, catalog));
    const access = catalog.current().access(user);
    const others = catalog
      .current()
      .organizations()
      .filter(({ id }) => id !== organization && access.isMember(id));
    if (others.length > 0) throw new CodedError("FORBIDDEN", "This account belongs to other organisations too.");
    const { token, expiresAt } = await changesBy(request, options).accounts.createPasswordReset(user);
    return reply.code(201).send({ path: `/ui/reset-password?token=${token}`, expires_at: expiresAt.toISOString() });
  });
}

/** A member whose role on the organisation is not above the caller's. */
async function memberBelow(
  request: FastifyRequest,
  organization: OrganizationId,
  user: UserId,
  { catalog }: ApiOptions,
): Promise<CatalogMember> {
  const found = (await catalog.members.list(organization)).find((each) => each.userId === user);
  if (found === undefined) throw unknown();
  checkMayGive(grantOf(request), found.role);
  return found;
}

function toMember({ userId: user_id, email, name, role, source, createdAt }: CatalogMember): Member {
  return { user_id, email, name, role, source, created_at: createdAt.toISOString() };
}
