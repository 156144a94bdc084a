import { CodedError, type ProjectId } from "@weir/model";
import type { FastifyReply, FastifyRequest } from "fastify";
import { authorize } from "../authorize.ts";
import { type Caller, type CallerSources, identifyCaller } from "../caller.ts";
import type { ApiOptions, ApiServer } from "../context.ts";
import { accessRules, apiPaths, type LiveTick, liveQuery } from "../contract/index.ts";
import { answers, textAnswer } from "../route-answers.ts";
import { callerOf, scopeOf } from "../scope.ts";

const heartbeatMs = 15_000;
const leastGapMs = 250;

/** A stream of "rows can be read now", as server-sent events. Ends when the client leaves or the server closes. */
export function registerLive(server: ApiServer, options: ApiOptions & CallerSources): void {
  const open = new Map<() => void, string>();
  server.addHook("preClose", (done) => {
    for (const close of open.keys()) close();
    done();
  });
  const schema = {
    operationId: "live",
    tags: ["live"],
    summary: "Server-sent events: an event `rows` whenever new rows can be read",
    querystring: liveQuery,
    response: answers({ 200: textAnswer("Events, until either side ends.", "text/event-stream") }),
  };
  server.get(apiPaths.live, { schema }, (request, reply) => {
    const project = scopeOf(request, request.query, options);
    if (open.size >= options.config.liveConnections) {
      throw new CodedError("PART_UNAVAILABLE", "Too many live streams are open.", { retryAfterMs: 10_000 });
    }
    const holder = holderOf(callerOf(request));
    const own = [...open.values()].filter((each) => each === holder).length;
    if (own >= options.config.liveConnectionsPerCaller) {
      const message = "This key or user has too many live streams open; close one.";
      throw new CodedError("RATE_LIMITED", message, { retryAfterMs: 10_000 });
    }
    const isAllowed = () => mayStillRead(request, project, options);
    const close = streamTicks(reply, options, { project, isAllowed });
    open.set(close, holder);
    reply.raw.once("close", () => open.delete(close));
  });
}

function holderOf(caller: Caller): string {
  return caller.via === "key" ? caller.key.id : (caller.user?.id ?? "machine");
}

/** A session that ended, a key that was revoked or a role that was taken away ends the stream at the next heartbeat. */
async function mayStillRead(
  request: FastifyRequest,
  project: ProjectId,
  options: ApiOptions & CallerSources,
): Promise<boolean> {
  try {
    const rule = accessRules.live.GET;
    if (rule === undefined) return false;
    const caller = await identifyCaller(request, options);
    return authorize(caller, rule, { project_id: project }, options.catalog).project === project;
  } catch {
    return false;
  }
}

interface StreamOptions {
  readonly project: ProjectId;
  readonly isAllowed: () => Promise<boolean>;
}

function streamTicks(
  reply: FastifyReply,
  { live, catalog }: ApiOptions,
  { project, isAllowed }: StreamOptions,
): () => void {
  const { raw } = reply;
  reply.hijack();
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  const write = (text: string) => {
    // A client that does not read misses ticks; the next one tells it all the same.
    if (!raw.writableNeedDrain) raw.write(text);
  };
  const send = throttled(() => write(eventText("rows")), leastGapMs);
  const unsubscribe = live.subscribe(project, send);
  const heartbeat = setInterval(async () => {
    if (catalog.current().project(project) !== undefined && (await isAllowed())) write(": still here\n\n");
    else raw.end();
  }, heartbeatMs);
  raw.once("close", () => {
    clearInterval(heartbeat);
    send.cancel();
    unsubscribe();
  });
  write(`retry: 2000\n${eventText("hello")}`);
  return () => raw.end();
}

function eventText(name: string): string {
  const tick: LiveTick = { time: new Date().toISOString() };
  return `event: ${name}\ndata: ${JSON.stringify(tick)}\n\n`;
}

/** Runs at once, and then at most once in a while; the last of a burst is never lost. */
function throttled(run: () => void, gapMs: number): (() => void) & { cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  let isAsked = false;
  const tick = () => {
    timer = undefined;
    if (!isAsked) return;
    isAsked = false;
    run();
    timer = setTimeout(tick, gapMs);
  };
  const ask = () => {
    isAsked = true;
    if (timer === undefined) tick();
  };
  return Object.assign(ask, { cancel: () => clearTimeout(timer) });
}
