import { CodedError, networkOfClient } from "@weir/model";
import type { FastifyReply, FastifyRequest } from "fastify";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Caller } from "./caller.ts";
import type { ApiConfig } from "./config.ts";

/** How often one address, and one key or session, may ask. Counts are this process's own. */
export interface RequestLimits {
  /** Before it is known who asks. Throws RATE_LIMITED. */
  admitAddress(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** Throws RATE_LIMITED. The owner of this machine is not limited. */
  admitCaller(caller: Caller, reply: FastifyReply): Promise<void>;
}

/** Minutes are counted from an address's, or a caller's, first request in them. */
export function requestLimits({ rateLimit }: ApiConfig): RequestLimits {
  const addresses = perMinute(rateLimit.perAddressPerMinute);
  const callers = perMinute(rateLimit.perCallerPerMinute);
  return {
    admitAddress: (request, reply) => admit(addresses, networkOfClient(request.ip), reply, "This address"),
    async admitCaller(caller, reply) {
      const identity = identityOf(caller);
      if (identity !== undefined) await admit(callers, identity, reply, "This key or user");
    },
  };
}

function perMinute(points: number): RateLimiterMemory {
  return new RateLimiterMemory({ points, duration: 60 });
}

function identityOf(caller: Caller): string | undefined {
  if (caller.via === "key") return caller.key.id;
  return caller.user?.id;
}

/** `RateLimit-*` headers say what is left: draft-ietf-httpapi-ratelimit-headers, in the form that is most often read. */
async function admit(limiter: RateLimiterMemory, who: string, reply: FastifyReply, name: string): Promise<void> {
  const state = await limiter.consume(who).catch((refused: unknown) => {
    if (refused instanceof RateLimiterRes) return refused;
    throw refused;
  });
  reply.headers({
    "ratelimit-limit": limiter.points,
    "ratelimit-remaining": Math.max(0, state.remainingPoints),
    "ratelimit-reset": Math.ceil(state.msBeforeNext / 1000),
  });
  if (state.consumedPoints <= limiter.points) return;
  throw new CodedError(
    "RATE_LIMITED",
    `${name} has asked ${limiter.points} times within a minute; wait and try again.`,
    {
      retryAfterMs: Math.max(1000, state.msBeforeNext),
    },
  );
}
