import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import { createJsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import type { ApiOptions, ApiServer } from "./context.ts";

/** The description of every route at /api/openapi.json, made of the contract, and pages to try them at /docs. */
export async function registerOpenapi(server: ApiServer, { install }: ApiOptions): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Weir",
        version: install.version,
        description:
          "Observability for LLM applications and agents. Every path under `/api/v1` also answers without `/v1`. Errors have a stable code; those that are `retryable` may be sent again.",
      },
      servers: [{ url: "/" }],
      tags: [
        { name: "calls", description: "Calls of models, as they were recorded" },
        { name: "traces", description: "Traces of several steps" },
        { name: "metrics", description: "Volume, errors, latency, tokens and cost" },
        { name: "metric points", description: "Metrics that were received over OTLP" },
        { name: "logs", description: "Log records that were received over OTLP" },
        { name: "live", description: "What arrives now" },
        { name: "projects" },
        { name: "keys", description: "Weir keys" },
        { name: "connections", description: "Provider keys that Weir holds" },
        { name: "organizations", description: "Who belongs where, and as what" },
        { name: "audit", description: "Who did what to what" },
        { name: "auth", description: "Signing in, sessions and one's own account" },
        { name: "install" },
      ],
      components: {
        securitySchemes: {
          bearer: {
            type: "http",
            scheme: "bearer",
            description: "A Weir key, or an access token of `POST /api/v1/auth/login`.",
          },
          weirKey: { type: "apiKey", in: "header", name: "x-weir-key" },
          session: {
            type: "apiKey",
            in: "cookie",
            name: "weir_session",
            description: "Over https its name is `__Host-weir_session`.",
          },
        },
      },
      security: [{ bearer: [] }, { weirKey: [] }, { session: [] }],
    },
    transform: createJsonSchemaTransform({ skipList: [] }),
    transformObject: jsonSchemaTransformObject,
  });
  await server.register(swaggerUi, {
    routePrefix: "/docs",
    staticCSP: false,
    uiConfig: { docExpansion: "list", url: "/api/openapi.json", tryItOutEnabled: true },
  });
  server.get("/api/openapi.json", { schema: { hide: true }, config: { isPublic: true } }, () => server.swagger());
}
