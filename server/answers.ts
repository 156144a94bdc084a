import type { OwnAnswer, OwnRequest } from "@weir/gateway";
import { exposition, expositionContentTypes, preferredFormat } from "./metrics/exposition.ts";
import type { MetricSnapshot } from "./metrics/metric-store.ts";
import { headerOf, type MetricsAccess, refusalOf } from "./metrics/metrics-access.ts";
import { sumSnapshots } from "./metrics/sum-snapshots.ts";
import { askAllProcesses } from "./processes/internal-client.ts";
import type { PartState } from "./role.ts";

type Parts = Record<string, PartState>;

/**
 * Answers `/health`, `/ready` and `/metrics` on the main port; undefined for any other path. `expectedParts` are named
 * by `/ready` whether or not a process answers for them; `access` says who may read the metrics.
 */
export function createAnswers(
  socketFolder: string,
  expectedParts: readonly string[],
  access: MetricsAccess,
): (request: OwnRequest) => Promise<OwnAnswer> | undefined {
  const handlers: Record<string, (request: OwnRequest, query: URLSearchParams) => OwnAnswer | Promise<OwnAnswer>> = {
    "/health": () => json(200, { status: "ok" }),
    "/ready": async (_request, query) => readiness(await allParts(socketFolder, expectedParts), query.get("part")),
    "/metrics": async (request) => {
      const refusal = refusalOf(request, access);
      if (refusal !== undefined) return { status: 401, type: "text/plain; charset=utf-8", text: `${refusal}\n` };
      return metrics(socketFolder, headerOf(request, "accept"));
    },
  };
  return (request) => {
    const [path = "/", query] = request.target.split("?");
    const handler = handlers[path];
    if (handler === undefined) return undefined;
    if (request.method !== "GET" && request.method !== "HEAD") {
      return Promise.resolve({ status: 405, type: "text/plain", text: "Use GET.\n" });
    }
    return Promise.resolve()
      .then(() => handler(request, new URLSearchParams(query)))
      .catch(() => json(500, { status: "failed" }));
  };
}

function json(status: number, value: unknown): OwnAnswer {
  return { status, type: "application/json", text: `${JSON.stringify(value)}\n` };
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
export function readiness(parts: Parts, only: string | null): OwnAnswer {
  const asked = only === null ? parts : { [only]: parts[only] ?? { status: "unavailable" as const } };
  const isReady = Object.values(asked).every((state) => state.status === "ok");
  return json(isReady ? 200 : 503, { status: isReady ? "ready" : "not_ready", parts: asked });
}

async function metrics(socketFolder: string, accept: string | undefined): Promise<OwnAnswer> {
  const processes = await askAllProcesses<MetricSnapshot[]>(socketFolder, "/internal/metrics");
  const format = preferredFormat(accept);
  const text = exposition(sumSnapshots([...processes.values()]), format);
  return { status: 200, type: expositionContentTypes[format], text };
}
