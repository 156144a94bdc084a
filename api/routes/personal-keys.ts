import { CodedError, type UserId } from "@weir/model";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { projectFor } from "../authorize.ts";
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
    const person = personOf(callerOf(request));
    return { data: person === undefined ? [] : (await catalog.listPersonalKeys(person)).map(toApiKey) };
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
    const person = personOf(callerOf(request));
    const isRevoked =
      person !== undefined && (await changesBy(request, options).revokePersonalKey(person, request.params.key_id));
    if (!isRevoked) throw new CodedError("NOT_FOUND", "You have no key of that id.");
    return reply.code(204).send();
  });
}

function accountOf(request: FastifyRequest): UserId {
  const person = personOf(callerOf(request));
  if (person !== undefined) return person;
  throw new CodedError("FORBIDDEN", "The owner of this machine has no account; make a key of a project.");
}
