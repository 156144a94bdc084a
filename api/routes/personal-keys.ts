import type { ApiKey } from "@weir/catalog";
import { CodedError, type UserId } from "@weir/model";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { limitOf, projectFor } from "../authorize.ts";
import { personOf } from "../caller.ts";
import type { ApiOptions, ApiServer } from "../context.ts";
import { apiPaths, createdKey, createPersonalKeyBody, keyList, keyParams } from "../contract/index.ts";
import { answers } from "../route-answers.ts";
import { callerOf, changesBy } from "../scope.ts";
import { toApiKey } from "./keys.ts";

const tags = ["keys"];

/** Keys that act for a person, with that person's roles. */
export function registerPersonalKeys(server: ApiServer, options: ApiOptions): void {
  const { catalog } = options;
  const listSchema = {
    operationId: "listPersonalKeys",
    tags,
    summary: "List one's own keys, without their secrets",
    response: answers({ 200: keyList }),
  };
  server.get(apiPaths.personalKeys, { schema: listSchema }, async (request) => {
    return { data: (await keysWithinReach(request, options)).map(toApiKey) };
  });
  const createSchema = {
    operationId: "createPersonalKey",
    tags,
    summary: "Make a key that acts for oneself; its secret is shown this once",
    body: createPersonalKeyBody,
    response: answers({ 201: createdKey }),
  };
  server.post(apiPaths.personalKeys, { schema: createSchema }, async (request, reply) => {
    const { name, scopes, expires_at } = request.body;
    const { id: projectId } = projectFor(callerOf(request), request.body, catalog);
    const expiresAt = expires_at === undefined ? null : new Date(expires_at);
    const wish = { projectId, userId: accountOf(request), name, scopes, expiresAt };
    const created = await changesBy(request, options).createApiKey(wish);
    return reply.code(201).send({ key: toApiKey(created), secret: created.secret });
  });
  const revokeSchema = {
    operationId: "revokePersonalKey",
    tags,
    summary: "Revoke one of one's own keys",
    params: keyParams,
    response: answers({ 204: z.undefined() }),
  };
  server.delete(apiPaths.personalKey, { schema: revokeSchema }, async (request, reply) => {
    const { key_id: id } = request.params;
    const isOwn = (await keysWithinReach(request, options)).some((key) => key.id === id);
    const person = personOf(callerOf(request));
    const isRevoked =
      isOwn && person !== undefined && (await changesBy(request, options).revokePersonalKey(person, id));
    if (!isRevoked) throw new CodedError("NOT_FOUND", "You have no key of that id.");
    return reply.code(204).send();
  });
}

/** One's own; to a session that stays within an organisation, those for its projects. */
async function keysWithinReach(request: FastifyRequest, { catalog }: ApiOptions): Promise<ApiKey[]> {
  const caller = callerOf(request);
  const person = personOf(caller);
  if (person === undefined) return [];
  const keys = await catalog.listPersonalKeys(person);
  const limit = limitOf(caller);
  if (limit === null) return keys;
  return keys.filter(({ projectId }) => catalog.current().project(projectId)?.organizationId === limit);
}

function accountOf(request: FastifyRequest): UserId {
  const person = personOf(callerOf(request));
  if (person !== undefined) return person;
  throw new CodedError("FORBIDDEN", "The owner of this machine has no account; make a key of a project.");
}
