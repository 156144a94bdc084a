import { exchangesOn, type WrittenExchange, writtenExchanges } from "./exchanges.ts";
import { type GatewayTarget, postTraces, type RestSpan, type RestTrace } from "./gateway-client.ts";
import { behaviourOf } from "./models.ts";
import type { Random } from "./random.ts";
import { countTokens, tokensOf } from "./reply.ts";
import { someone } from "./scenarios.ts";

const batchSize = 200;

/** Who serves which share of the past. */
const shares: readonly { provider: string; model: string; weight: number }[] = [
  { provider: "openai", model: "gpt-4o-mini", weight: 34 },
  { provider: "openai", model: "gpt-4.1-mini", weight: 18 },
  { provider: "openai", model: "gpt-4o", weight: 10 },
  { provider: "anthropic", model: "claude-haiku-4-5-20251001", weight: 14 },
  { provider: "anthropic", model: "claude-sonnet-4-5-20250929", weight: 12 },
  { provider: "groq", model: "llama-3.3-70b-versatile", weight: 8 },
  { provider: "mistral", model: "mistral-small-latest", weight: 4 },
];

export interface HistoryOptions {
  readonly hours: number;
  /** At the busiest hour of the day. */
  readonly tracesPerHour: number;
  readonly nowMs: number;
}

/** Posts the hours before now, the newest first, so that charts have a past at once. The number of traces taken. */
export async function postHistory(target: GatewayTarget, random: Random, options: HistoryOptions): Promise<number> {
  const traces = [...pastTraces(random, options)];
  let taken = 0;
  for (let index = 0; index < traces.length; index += batchSize) {
    const batch = traces.slice(index, index + batchSize);
    const { status, text } = await postTraces(target, batch);
    if (status >= 300 || status === 0) {
      console.error(`The demo's history was not taken: HTTP ${status} ${text.slice(0, 300)}`);
      return taken;
    }
    taken += batch.length;
  }
  return taken;
}

/** Traces of the past, newest first: quiet at night, busy by day. */
export function* pastTraces(random: Random, options: HistoryOptions): Generator<RestTrace> {
  const oldestMs = options.nowMs - options.hours * 3_600_000;
  for (let atMs = options.nowMs - 30_000; atMs > oldestMs; ) {
    yield random.chance(0.04) ? pastAgent(random, atMs) : pastCall(random, atMs);
    const perMs = (options.tracesPerHour * activityAt(atMs)) / 3_600_000;
    atMs -= -Math.log(1 - random.next()) / perMs;
  }
}

/** The share of the busiest hour's traffic: lowest at 3 in the morning UTC, highest at 15. */
function activityAt(timeMs: number): number {
  const hour = (timeMs / 3_600_000) % 24;
  return 0.55 - 0.45 * Math.cos(((hour - 3) / 24) * 2 * Math.PI);
}

function pastCall(random: Random, atMs: number): RestTrace {
  const { provider, model } = weighted(random);
  const span = llmSpan(random, random.pick(writtenExchanges), provider, model, atMs);
  return {
    trace_type: "single_call",
    provider,
    model,
    user_id: someone(random),
    session_id: `chat_${random.letters(10)}`,
    metadata: { environment: "demo", imported: "history" },
    spans: [span],
  };
}

function weighted(random: Random): { provider: string; model: string } {
  let left = random.next() * shares.reduce((sum, share) => sum + share.weight, 0);
  const found = shares.find((share) => {
    left -= share.weight;
    return left < 0;
  });
  if (found === undefined) throw new Error("No shares are listed.");
  return found;
}

function llmSpan(
  random: Random,
  exchange: WrittenExchange,
  provider: string,
  model: string,
  atMs: number,
): RestSpan & { duration_ms: number } {
  const failed = random.chance(0.025);
  const completionTokens = failed ? 0 : tokensOf(exchange.answer).length;
  const { ttftMedianMs, tokensPerSecond } = behaviourOf(model);
  const durationMs = random.logNormal(ttftMedianMs, 0.35) + (completionTokens * 1000) / tokensPerSecond;
  return {
    kind: "llm",
    name: `chat ${model}`,
    model,
    provider,
    input: exchange.prompt,
    output: failed ? "The server had an error while processing your request." : exchange.answer,
    prompt_tokens: countTokens(exchange.prompt) + random.between(20, 400),
    completion_tokens: completionTokens,
    start_time: new Date(atMs).toISOString(),
    duration_ms: Math.round(durationMs),
    status: failed ? "error" : "success",
  };
}

/** An agent's run as the REST examples show it: parents by position. */
function pastAgent(random: Random, atMs: number): RestTrace {
  const exchange = random.pick(exchangesOn("research"));
  const plan = llmSpan(random, exchange, "anthropic", "claude-sonnet-4-5-20250929", atMs + 40);
  const toolStartMs = atMs + 60 + plan.duration_ms;
  const toolMs = Math.round(random.logNormal(500, 0.4));
  const final = llmSpan(random, exchange, "anthropic", "claude-sonnet-4-5-20250929", toolStartMs + toolMs + 20);
  const tool: RestSpan = {
    parent_span_id: "span-1",
    kind: "tool",
    name: "search_catalogue",
    input: JSON.stringify({ query: exchange.prompt.slice(0, 40) }),
    output: JSON.stringify({ found: random.between(1, 12) }),
    start_time: new Date(toolStartMs).toISOString(),
    duration_ms: toolMs,
    status: "success",
  };
  const root: RestSpan = {
    kind: "agent",
    name: "office-research-agent",
    input: exchange.prompt,
    output: exchange.answer,
    start_time: new Date(atMs).toISOString(),
    duration_ms: plan.duration_ms + toolMs + final.duration_ms + 120,
    status: "success",
  };
  const child = { parent_span_id: "span-1" };
  return {
    trace_type: "agent_workflow",
    user_id: someone(random),
    session_id: `agent_${random.letters(10)}`,
    metadata: { environment: "demo", imported: "history" },
    spans: [root, { ...plan, ...child }, tool, { ...final, ...child }],
  };
}
