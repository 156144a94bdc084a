import type { Organization as CatalogOrganization } from "@weir/catalog";
import { CodedError } from "@weir/model";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { roleOnOrganization, visibleOrganizations } from "../authorize.ts";
import type { ApiOptions, ApiServer } from "../context.ts";
import {
  apiPaths,
  createOrganizationBody,
  type Organization,
  organization,
  organizationList,
  organizationParams,
  updateOrganizationBody,
} from "../contract/index.ts";
import { answers } from "../route-answers.ts";
import { callerOf, changesBy, organizationOf } from "../scope.ts";

const tags = ["organizations"];
const gone = () => new CodedError("NOT_FOUND", "There is no such organisation.");

export function registerOrganizations(server: ApiServer, options: ApiOptions): void {
  registerReads(server, options);
  registerChanges(server, options);
}

function registerReads(server: ApiServer, options: ApiOptions): void {
  const { catalog } = options;
  const listSchema = {
    operationId: "listOrganizations",
    tags,
    summary: "List the organisations that the caller belongs to",
    response: answers({ 200: organizationList }),
  };
  server.get(apiPaths.organizations, { schema: listSchema }, async (request) => {
    const visible = new Set(visibleOrganizations(callerOf(request), catalog).map(({ id }) => id));
    const all = await catalog.organizations.list();
    return { data: all.filter(({ id }) => visible.has(id)).map((each) => toOrganization(each, request, options)) };
  });
  const getSchema = {
    operationId: "getOrganization",
    tags,
    summary: "Read an organisation",
    params: organizationParams,
    response: answers({ 200: organization }),
  };
  server.get(apiPaths.organization, { schema: getSchema }, async (request) => {
    const id = organizationOf(request);
    const found = (await catalog.organizations.list()).find((each) => each.id === id);
    if (found === undefined) throw gone();
    return toOrganization(found, request, options);
  });
}

function registerChanges(server: ApiServer, options: ApiOptions): void {
  const createSchema = {
    operationId: "createOrganization",
    tags,
    summary: "Make an organisation; for the owner of this machine, who then invites its first owner",
    body: createOrganizationBody,
    response: answers({ 201: organization }),
  };
  server.post(apiPaths.organizations, { schema: createSchema }, async (request, reply) => {
    const created = await changesBy(request, options).organizations.create(request.body);
    return reply.code(201).send(toOrganization(created, request, options));
  });
  const updateSchema = {
    operationId: "updateOrganization",
    tags,
    summary: "Change an organisation's name, or who may sign in with a password",
    params: organizationParams,
    body: updateOrganizationBody,
    response: answers({ 200: organization }),
  };
  server.patch(apiPaths.organization, { schema: updateSchema }, async (request) => {
    const { name, password_sign_in: passwordSignIn } = request.body;
    const { organizations } = changesBy(request, options);
    const changed = await organizations.update(organizationOf(request), { name, passwordSignIn });
    if (changed === undefined) throw gone();
    return toOrganization(changed, request, options);
  });
  const deleteSchema = {
    operationId: "deleteOrganization",
    tags,
    summary: "Delete an organisation that has no projects any more",
    params: organizationParams,
    response: answers({ 204: z.undefined() }),
  };
  server.delete(apiPaths.organization, { schema: deleteSchema }, async (request, reply) => {
    const wasThere = await changesBy(request, options).organizations.delete(organizationOf(request));
    if (!wasThere) throw gone();
    return reply.code(204).send();
  });
}

function toOrganization(
  { id, name, passwordSignIn, createdAt }: CatalogOrganization,
  request: FastifyRequest,
  { catalog }: ApiOptions,
): Organization {
  const role = roleOnOrganization(callerOf(request), id, catalog);
  return {
    id,
    name,
    role: role === "machine" || role === undefined ? null : role,
    password_sign_in: passwordSignIn,
    created_at: createdAt.toISOString(),
  };
}
