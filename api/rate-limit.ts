import { CodedError, networkOfClient } from "@weir/model";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Caller } from "./caller.ts";
import type { ApiConfig } from "./config.ts";
import { SlidingWindow } from "./sliding-window.ts";

/** How often one address, and one key or session, may ask. Counts are this process's own. */
export interface RequestLimits {
  /** Before it is known who asks. Throws RATE_LIMITED. */
  admitAddress(request: FastifyRequest, reply: FastifyReply): void;
  /** Throws RATE_LIMITED. The owner of this machine is not limited. */
  admitCaller(caller: Caller, reply: FastifyReply): void;
}

/** In any minute so many: see `SlidingWindow`. */
export function requestLimits({ rateLimit }: ApiConfig): RequestLimits {
  const addresses = new SlidingWindow(rateLimit.perAddressPerMinute, minuteMs);
  const callers = new SlidingWindow(rateLimit.perCallerPerMinute, minuteMs);
  return {
    admitAddress: (request, reply) => admit(addresses, networkOfClient(request.ip), reply, "This address"),
    admitCaller(caller, reply) {
      const identity = identityOf(caller);
      if (identity !== undefined) admit(callers, identity, reply, "This key or user");
    },
  };
}

const minuteMs = 60_000;

function identityOf(caller: Caller): string | undefined {
  if (caller.via === "key") return caller.key.id;
  return caller.user?.id;
}

/** `RateLimit-*` headers say what is left: draft-ietf-httpapi-ratelimit-headers, in the form that is most often read. */
function admit(window: SlidingWindow, who: string, reply: FastifyReply, name: string): void {
  const { isAdmitted, remaining, waitMs } = window.admit(who);
  reply.headers({
    "ratelimit-limit": window.limit,
    "ratelimit-remaining": remaining,
    "ratelimit-reset": Math.ceil(waitMs / 1000),
  });
  if (isAdmitted) return;
  throw new CodedError("RATE_LIMITED", `${name} has asked ${window.limit} times within a minute; wait and try again.`, {
    retryAfterMs: Math.max(1000, waitMs),
  });
}
