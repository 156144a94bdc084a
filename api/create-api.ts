import cookie from "@fastify/cookie";
import cors from "@fastify/cors";
import { CodedError } from "@weir/model";
import fastify, { type FastifyInstance } from "fastify";
import { serializerCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { createAccessTokens } from "./access-tokens.ts";
import { clientBehind } from "./client-address.ts";
import { auditContentReads } from "./content-reads.ts";
import type { ApiOptions, ApiServer } from "./context.ts";
import { answerError } from "./error-answer.ts";
import { guardRoutes } from "./guard.ts";
import { registerOpenapi } from "./openapi.ts";
import { requestLimits } from "./rate-limit.ts";
import { checkRequest } from "./request-check.ts";
import { registerAudit } from "./routes/audit.ts";
import { registerAuth } from "./routes/auth.ts";
import { registerCalls } from "./routes/calls.ts";
import { registerConnections } from "./routes/connections.ts";
import { registerDeletions } from "./routes/deletions.ts";
import { registerIdentityProviders } from "./routes/identity-providers.ts";
import { registerInstall } from "./routes/install.ts";
import { registerInvitations } from "./routes/invitations.ts";
import { registerKeys } from "./routes/keys.ts";
import { registerLive } from "./routes/live.ts";
import { registerLogs } from "./routes/logs.ts";
import { registerMembers } from "./routes/members.ts";
import { registerMetricPoints } from "./routes/metric-points.ts";
import { registerMetrics } from "./routes/metrics.ts";
import { registerOrganizations } from "./routes/organizations.ts";
import { registerPersonalKeys } from "./routes/personal-keys.ts";
import { registerProjectExport } from "./routes/project-export.ts";
import { registerProjectRoles } from "./routes/project-roles.ts";
import { registerProjects } from "./routes/projects.ts";
import { registerQuery } from "./routes/query.ts";
import { registerSessions } from "./routes/sessions.ts";
import { registerSso } from "./routes/sso.ts";
import { registerStorage } from "./routes/storage.ts";
import { registerTeams } from "./routes/teams.ts";
import { registerTraces } from "./routes/traces.ts";
import { setSecurityHeaders } from "./security-headers.ts";
import { registerWebUi } from "./web-ui.ts";

/** As it is sent, percent-encoded: names of metrics, which their senders choose, have up to 500 characters. */
const longestPathPart = 6000;

/**
 * The HTTP API, its documentation and the web UI, ready to listen or to be asked by `inject`. Closing it ends live
 * streams and waits for answers under way; it closes nothing that it was given.
 */
export async function createApi(options: ApiOptions): Promise<FastifyInstance> {
  const server: ApiServer = fastify({
    bodyLimit: options.config.bodyLimitBytes,
    rewriteUrl: (request) => versioned(request.url ?? "/"),
    requestIdHeader: false,
    trustProxy: clientBehind(options.config.trustedProxies),
    genReqId: () => crypto.randomUUID(),
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: longestPathPart },
    // Paths that cannot be read are refused before any hook runs.
    frameworkErrors(error, request, reply) {
      setSecurityHeaders(reply);
      answerError(error, request, reply, options.telemetry);
    },
    logger: false,
  }).withTypeProvider<ZodTypeProvider>();
  readJsonAlone(server);
  server.setValidatorCompiler(checkRequest);
  server.setSerializerCompiler(serializerCompiler);
  server.setErrorHandler((error, request, reply) => answerError(error, request, reply, options.telemetry));
  server.setNotFoundHandler((request) => {
    throw new CodedError("NOT_FOUND", `There is nothing at ${request.method} ${pathOf(request.url)}.`);
  });
  server.addHook("onRequest", async (_, reply) => setSecurityHeaders(reply));
  // No body is an empty one: Fastify checks it against its schema, but hands the handler nothing.
  server.addHook("preValidation", async (request) => {
    if (request.routeOptions.schema?.body !== undefined) request.body ??= {};
  });
  await server.register(cookie);
  // Other sites' pages call with a key, never with a user's cookie.
  await server.register(cors, {
    origin: [...options.config.corsOrigins],
    methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    exposedHeaders: ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "retry-after"],
    maxAge: 600,
  });
  await registerOpenapi(server, options);
  await server.register(async (scope: ApiServer) => registerRoutes(scope, options));
  await registerWebUi(server, options);
  await server.ready();
  return server as unknown as FastifyInstance;
}

/** Bodies are JSON; an empty one is none, whatever its type is said to be. */
function readJsonAlone(server: ApiServer): void {
  const parse = server.getDefaultJsonParser("error", "error");
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<string>("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body === "") done(null, undefined);
    else parse(request, body, done);
  });
  server.addContentTypeParser<string>("*", { parseAs: "string" }, (_, body, done) => {
    if (body === "") done(null, undefined);
    else done(new CodedError("UNSUPPORTED_MEDIA_TYPE", "Send the body as application/json."));
  });
}

function registerRoutes(server: ApiServer, options: ApiOptions): void {
  const tokens = createAccessTokens(options.catalog.derivedSecret("access tokens"));
  const sources = { ...options, tokens };
  guardRoutes(server, sources, requestLimits(options.config));
  auditContentReads(server, options);
  registerCalls(server, options);
  registerTraces(server, options);
  registerMetrics(server, options);
  registerQuery(server, options);
  registerMetricPoints(server, options);
  registerLogs(server, options);
  registerLive(server, sources);
  registerProjects(server, options);
  registerProjectExport(server, options);
  registerDeletions(server, options);
  registerKeys(server, options);
  registerConnections(server, options);
  registerAuth(server, sources);
  registerSessions(server, options);
  registerPersonalKeys(server, options);
  registerOrganizations(server, options);
  registerMembers(server, options);
  registerInvitations(server, sources);
  registerTeams(server, options);
  registerProjectRoles(server, options);
  registerAudit(server, options);
  registerIdentityProviders(server, options);
  server.register(async (scope: ApiServer) => registerSso(scope, options));
  registerInstall(server, options);
  registerStorage(server, options);
}

/** `/api/traces` is `/api/v1/traces`. */
function versioned(url: string): string {
  return url.replace(/^\/api\/(?!v\d+\/|openapi\.json(?:$|\?))/, "/api/v1/");
}

function pathOf(url: string): string {
  return url.split("?", 1)[0] ?? url;
}
