import type { ApiKey as CatalogKey } from "@weir/catalog";
import { CodedError } from "@weir/model";
import { z } from "zod";
import type { ApiOptions, ApiServer } from "../context.ts";
import {
  type ApiKey,
  apiPaths,
  createdKey,
  createKeyBody,
  keyList,
  keyParams,
  listKeysQuery,
} from "../contract/index.ts";
import { answers } from "../route-answers.ts";
import { changesBy, scopeOf } from "../scope.ts";

const tags = ["keys"];

export function registerKeys(server: ApiServer, options: ApiOptions): void {
  const { catalog } = options;
  server.get(
    apiPaths.keys,
    {
      schema: {
        operationId: "listKeys",
        tags,
        summary: "List a project's Weir keys, without their secrets",
        querystring: listKeysQuery,
        response: answers({ 200: keyList }),
      },
    },
    async (request) => {
      const keys = await catalog.listApiKeys(scopeOf(request, request.query, options));
      return { data: keys.map(toApiKey) };
    },
  );
  server.post(
    apiPaths.keys,
    {
      schema: {
        operationId: "createKey",
        tags,
        summary: "Make a Weir key; its secret is shown this once",
        body: createKeyBody,
        response: answers({ 201: createdKey }),
      },
    },
    async (request, reply) => {
      const { name, scopes, expires_at } = request.body;
      const expiresAt = expires_at === undefined ? null : new Date(expires_at);
      const project = scopeOf(request, request.body, options);
      const created = await changesBy(request, options).createApiKey({ projectId: project, name, scopes, expiresAt });
      return reply.code(201).send({ key: toApiKey(created), secret: created.secret });
    },
  );
  server.delete(
    apiPaths.key,
    {
      schema: {
        operationId: "revokeKey",
        tags,
        summary: "Revoke a Weir key",
        params: keyParams,
        querystring: listKeysQuery,
        response: answers({ 204: z.undefined() }),
      },
    },
    async (request, reply) => {
      const wasThere = await changesBy(request, options).revokeApiKey(
        scopeOf(request, request.query, options),
        request.params.key_id,
      );
      if (!wasThere) throw new CodedError("NOT_FOUND", "This project has no key of that id.");
      return reply.code(204).send();
    },
  );
}

export function toApiKey(key: CatalogKey): ApiKey {
  return {
    id: key.id,
    project_id: key.projectId,
    user_id: key.userId,
    name: key.name,
    mask: key.mask,
    scopes: [...key.scopes],
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
  };
}
