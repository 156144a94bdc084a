import type { Session as CatalogSession, User } from "@weir/catalog";
import { CodedError } from "@weir/model";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { limitOf } from "../authorize.ts";
import type { ApiOptions, ApiServer } from "../context.ts";
import { apiPaths, type Session, sessionList, sessionParams } from "../contract/index.ts";
import { answers } from "../route-answers.ts";
import { callerOf, changesBy } from "../scope.ts";

const tags = ["auth"];

/** Where one is signed in. */
export function registerSessions(server: ApiServer, options: ApiOptions): void {
  const schema = {
    operationId: "listSessions",
    tags,
    summary: "List one's own sessions",
    response: answers({ 200: sessionList }),
  };
  server.get(apiPaths.sessions, { schema }, async (request) => {
    const { session } = personOfSession(request);
    const sessions = await sessionsWithinReach(request, options);
    return { data: sessions.map((each) => toSession(each, session?.id)) };
  });
  const endSchema = {
    operationId: "endSession",
    tags,
    summary: "End one of one's own sessions",
    params: sessionParams,
    response: answers({ 204: z.undefined() }),
  };
  server.delete(apiPaths.session, { schema: endSchema }, async (request, reply) => {
    const { user } = personOfSession(request);
    const { sessions } = changesBy(request, options);
    const { session_id: id } = request.params;
    const isOwn = (await sessionsWithinReach(request, options)).some((session) => session.id === id);
    const wasThere = isOwn && (await sessions.end(user?.id ?? null, id));
    if (!wasThere) throw new CodedError("NOT_FOUND", "You have no session of that id.");
    return reply.code(204).send();
  });
}

/** One's own; to a session that stays within an organisation, those that do so too. */
async function sessionsWithinReach(
  request: FastifyRequest,
  { catalog }: ApiOptions,
): Promise<readonly CatalogSession[]> {
  const { user } = personOfSession(request);
  const sessions = await catalog.sessions.list(user?.id ?? null);
  const limit = limitOf(callerOf(request));
  return limit === null ? sessions : sessions.filter(({ organizationId }) => organizationId === limit);
}

function personOfSession(request: FastifyRequest): { user: User | null; session: CatalogSession | null } {
  const caller = callerOf(request);
  if (caller.via === "session") return caller;
  throw new CodedError("FORBIDDEN", "A key has no sessions.");
}

function toSession(session: CatalogSession, current: string | undefined): Session {
  return {
    id: session.id,
    is_current: session.id === current,
    method: session.method,
    address: session.address,
    user_agent: session.userAgent,
    created_at: session.createdAt.toISOString(),
    last_seen_at: session.lastSeenAt.toISOString(),
    expires_at: session.expiresAt.toISOString(),
  };
}
