import type { Connection as CatalogConnection } from "@weir/catalog";
import { asCodedError, CodedError, isCredentialFile, readServiceAccount, signingKeyOf } from "@weir/model";
import { z } from "zod";
import type { ApiOptions, ApiServer } from "../context.ts";
import {
  apiPaths,
  type Connection,
  connection,
  connectionList,
  connectionParams,
  createConnectionBody,
  listConnectionsQuery,
} from "../contract/index.ts";
import { badRequest } from "../request-check.ts";
import { answers } from "../route-answers.ts";
import { changesBy, scopeOf } from "../scope.ts";

const tags = ["connections"];

export function registerConnections(server: ApiServer, options: ApiOptions): void {
  const { catalog } = options;
  server.get(
    apiPaths.connections,
    {
      schema: {
        operationId: "listConnections",
        tags,
        summary: "List a project's provider connections, without their secrets",
        querystring: listConnectionsQuery,
        response: answers({ 200: connectionList }),
      },
    },
    async (request) => {
      const connections = await catalog.listConnections(scopeOf(request, request.query, options));
      return { data: connections.map(toConnection) };
    },
  );
  server.post(
    apiPaths.connections,
    {
      schema: {
        operationId: "createConnection",
        tags,
        summary: "Give Weir a provider's key to use for a project",
        body: createConnectionBody,
        response: answers({ 201: connection }),
      },
    },
    async (request, reply) => {
      const { provider, secret, base_url } = request.body;
      checkProvider(provider, options);
      if (isCredentialFile(secret)) checkServiceAccount(secret, options);
      if (base_url !== undefined) options.outgoing.checkUrl(new URL(base_url));
      const project = scopeOf(request, request.body, options);
      const created = await changesBy(request, options).createConnection({
        projectId: project,
        provider,
        secret,
        baseUrl: base_url ?? null,
      });
      return reply.code(201).send(toConnection(created));
    },
  );
  server.delete(
    apiPaths.connection,
    {
      schema: {
        operationId: "deleteConnection",
        tags,
        summary: "Take a provider's key away",
        params: connectionParams,
        querystring: listConnectionsQuery,
        response: answers({ 204: z.undefined() }),
      },
    },
    async (request, reply) => {
      const project = scopeOf(request, request.query, options);
      const wasThere = await changesBy(request, options).deleteConnection(project, request.params.connection_id);
      if (!wasThere) throw new CodedError("NOT_FOUND", "This project has no connection of that id.");
      return reply.code(204).send();
    },
  );
}

function checkProvider(provider: string, { install }: ApiOptions): void {
  if (install.providers.some(({ id }) => id === provider)) return;
  throw badRequest([{ path: "provider", message: "is not a provider of this install" }]);
}

/** A key file that gives no token is told now, not with the first call. */
function checkServiceAccount(keyFile: string, { outgoing }: ApiOptions): void {
  let tokenUri: string;
  try {
    const account = readServiceAccount(keyFile);
    signingKeyOf(account);
    tokenUri = account.tokenUri;
  } catch (error) {
    throw badRequest([{ path: "secret", message: asCodedError(error).message.replace(/\.$/, "") }]);
  }
  outgoing.checkUrl(new URL(tokenUri));
}

export function toConnection({ id, projectId, provider, baseUrl, createdAt }: CatalogConnection): Connection {
  return { id, project_id: projectId, provider, base_url: baseUrl, created_at: createdAt.toISOString() };
}
