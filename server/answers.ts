import type { IncomingMessage, ServerResponse } from "node:http";
import { exposition, expositionContentTypes, preferredFormat } from "./metrics/exposition.ts";
import type { MetricSnapshot } from "./metrics/metric-store.ts";
import { sumSnapshots } from "./metrics/sum-snapshots.ts";
import { askAllProcesses } from "./processes/internal-client.ts";
import type { PartState } from "./role.ts";

type Parts = Record<string, PartState>;

/**
 * Answers `/health`, `/ready` and `/metrics` on the main port; false for any other path. `expectedParts` are named by
 * `/ready` whether or not a process answers for them.
 */
export function createAnswers(
  socketFolder: string,
  expectedParts: readonly string[],
): (req: IncomingMessage, res: ServerResponse) => boolean {
  const handlers: Record<string, (req: IncomingMessage, query: URLSearchParams) => Answer | Promise<Answer>> = {
    "/health": () => json(200, { status: "ok" }),
    "/ready": async (_req, query) => readiness(await allParts(socketFolder, expectedParts), query.get("part")),
    "/metrics": async (req) => metrics(socketFolder, req.headers.accept),
  };
  return (req, res) => {
    const [path = "/", query] = (req.url ?? "/").split("?");
    const handler = handlers[path];
    if (handler === undefined) return false;
    if (req.method !== "GET" && req.method !== "HEAD") {
      send(res, { status: 405, type: "text/plain", text: "Use GET.\n" });
      return true;
    }
    void Promise.resolve()
      .then(() => handler(req, new URLSearchParams(query)))
      .catch(() => json(500, { status: "failed" }))
      .then((answer) => send(res, answer));
    return true;
  };
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

function json(status: number, value: unknown): Answer {
  return { status, type: "application/json", text: `${JSON.stringify(value)}\n` };
}

function send(res: ServerResponse, { status, type, text }: Answer): void {
  res.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
  });
  res.end(text);
}

async function allParts(socketFolder: string, expectedParts: readonly string[]): Promise<Parts> {
  const processes = await askAllProcesses<Parts>(socketFolder, "/internal/state");
  const parts: Parts = {};
  for (const [process, own] of processes) {
    for (const [part, state] of Object.entries(own)) parts[part] = worse(parts[part], state, process);
  }
  for (const part of expectedParts) parts[part] ??= { status: "unavailable" };
  return parts;
}

const badness: Record<PartState["status"], number> = { ok: 0, starting: 1, degraded: 2, unavailable: 3 };

/** Several processes answer for one part (each worker is a gateway): the worst of them is the part's state. */
function worse(before: PartState | undefined, state: PartState, process: string): PartState {
  if (before === undefined) return state;
  return badness[state.status] > badness[before.status] ? { ...state, process } : before;
}

/** 200 when everything, or the one part that was asked for, is in order; 503 otherwise, with the same body. */
export function readiness(parts: Parts, only: string | null): Answer {
  const asked = only === null ? parts : { [only]: parts[only] ?? { status: "unavailable" as const } };
  const isReady = Object.values(asked).every((state) => state.status === "ok");
  return json(isReady ? 200 : 503, { status: isReady ? "ready" : "not_ready", parts: asked });
}

async function metrics(socketFolder: string, accept: string | undefined): Promise<Answer> {
  const processes = await askAllProcesses<MetricSnapshot[]>(socketFolder, "/internal/metrics");
  const format = preferredFormat(accept);
  const text = exposition(sumSnapshots([...processes.values()]), format);
  return { status: 200, type: expositionContentTypes[format], text };
}
