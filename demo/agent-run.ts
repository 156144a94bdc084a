import { setTimeout as sleep } from "node:timers/promises";
import { exchangesOn } from "./exchanges.ts";
import { callProvider, type GatewayTarget, postTraces, type RestSpan } from "./gateway-client.ts";
import type { Random } from "./random.ts";

const model = "claude-sonnet-4-5-20250929";

interface Step {
  readonly tool: string;
  readonly input: object;
  readonly output: object;
  readonly medianMs: number;
}

/** What the agent's tools find, by the question's place in the list of written research questions. */
const plans: readonly (readonly Step[])[] = [
  [
    {
      tool: "search_catalogue",
      input: { query: "coffee beans", city: "Lisbon" },
      output: { suppliers: ["Torra & Filhos", "Café Central", "BeanDirect"], prices_eur_per_kg: [17.4, 15.9, 19.8] },
      medianMs: 420,
    },
    {
      tool: "read_mailbox",
      input: { query: "delivery terms", limit: 3 },
      output: { found: 3, terms: ["weekly, free", "every 2 weeks, EUR 12", "weekly, free over EUR 100"] },
      medianMs: 650,
    },
    {
      tool: "query_database",
      input: { sql: "SELECT supplier, avg(score) FROM tastings GROUP BY supplier" },
      output: {
        rows: [
          { supplier: "Torra & Filhos", score: 8.6 },
          { supplier: "BeanDirect", score: 8.8 },
        ],
      },
      medianMs: 90,
    },
  ],
  [
    {
      tool: "query_metrics",
      input: { metric: "http_errors", service: "*", from: "18:00", to: "20:00" },
      output: { highest: { service: "payment-session", errors_per_minute: 41 } },
      medianMs: 310,
    },
    {
      tool: "list_deploys",
      input: { service: "payment-session", hours: 6 },
      output: { deploys: [{ at: "18:40", version: "2026.11.1", by: "release-bot" }] },
      medianMs: 180,
    },
    {
      tool: "search_logs",
      input: { service: "payment-session", text: "timeout" },
      output: { matches: 1874, sample: "pool exhausted: 4 of 4 connections in use, waited 5000 ms" },
      medianMs: 760,
    },
  ],
];

/**
 * An agent at work: it plans with a model, uses a tool, thinks again, and writes its answer. Its model calls go
 * through the gateway and carry the trace in `traceparent`; its own steps are posted when it has finished.
 */
export async function runAgent(target: GatewayTarget, random: Random, user: string): Promise<number> {
  const run = new AgentRun(target, random, user);
  const questions = exchangesOn("research");
  const number = random.between(0, questions.length - 1);
  const question = questions[number];
  if (question === undefined) throw new Error("No research questions are written.");
  return run.work(question.prompt, question.answer, plans[number % plans.length] ?? []);
}

class AgentRun {
  readonly #target: GatewayTarget;
  readonly #random: Random;
  readonly #user: string;
  readonly #session: string;
  readonly #traceId: string;
  readonly #rootId: string;
  readonly #spans: RestSpan[] = [];

  constructor(target: GatewayTarget, random: Random, user: string) {
    this.#target = target;
    this.#random = random;
    this.#user = user;
    this.#session = `agent_${random.letters(10)}`;
    this.#traceId = random.hex(32);
    this.#rootId = random.hex(16);
  }

  /** The number of model calls made. */
  async work(question: string, answer: string, plan: readonly Step[]): Promise<number> {
    const started = Date.now();
    const messages: object[] = [{ role: "user", content: question }];
    for (const step of plan) {
      const stepId = this.#random.hex(16);
      const stepStarted = Date.now();
      await this.#think(messages, plan, stepId);
      const failed = this.#random.chance(0.06);
      await this.#useTool(step, stepId, failed);
      messages.push(...this.#toolTurn(step, failed));
      this.#record(stepId, this.#rootId, "chain", `step: ${step.tool}`, stepStarted, "success", {});
    }
    await this.#think(messages, [], this.#rootId);
    this.#record(this.#rootId, undefined, "agent", "office-research-agent", started, "success", {
      input: question,
      output: answer,
    });
    await this.#post();
    return plan.length + 1;
  }

  #think(messages: readonly object[], tools: readonly Step[], parentId: string): Promise<unknown> {
    return callProvider(this.#target, {
      provider: "anthropic",
      path: "/v1/messages",
      user: this.#user,
      session: this.#session,
      tags: ["agent", "research"],
      traceparent: `00-${this.#traceId}-${parentId}-01`,
      body: {
        model,
        max_tokens: 2048,
        stream: true,
        system: "You are a careful research assistant. Use the tools before you answer, then answer with a table.",
        messages: tools.length > 0 ? messages.slice(0, 1) : messages,
        thinking: { type: "enabled", budget_tokens: 1024 },
        ...(tools.length > 0
          ? { tools: tools.map(toolOffer), tool_choice: { type: "auto", disable_parallel_tool_use: true } }
          : {}),
      },
    });
  }

  async #useTool(step: Step, parentId: string, failed: boolean): Promise<void> {
    const started = Date.now();
    await sleep(this.#random.logNormal(step.medianMs, 0.4));
    const output = failed ? { error: "The service did not answer within 2 s." } : step.output;
    this.#record(this.#random.hex(16), parentId, "tool", step.tool, started, failed ? "error" : "success", {
      input: JSON.stringify(step.input),
      output: JSON.stringify(output),
    });
  }

  #toolTurn(step: Step, failed: boolean): object[] {
    const id = `toolu_01${this.#random.letters(22)}`;
    const result = failed ? "The service did not answer within 2 s." : JSON.stringify(step.output);
    return [
      { role: "assistant", content: [{ type: "tool_use", id, name: step.tool, input: step.input }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: result, is_error: failed }] },
    ];
  }

  #record(
    id: string,
    parentId: string | undefined,
    kind: "agent" | "chain" | "tool",
    name: string,
    startedMs: number,
    status: "success" | "error",
    content: { input?: string; output?: string },
  ): void {
    this.#spans.push({
      span_id: id,
      ...(parentId === undefined ? {} : { parent_span_id: parentId }),
      kind,
      name,
      start_time: new Date(startedMs).toISOString(),
      duration_ms: Date.now() - startedMs,
      status,
      ...content,
    });
  }

  #post(): Promise<unknown> {
    return postTraces(this.#target, [
      {
        trace_id: this.#traceId,
        trace_type: "agent_workflow",
        user_id: this.#user,
        session_id: this.#session,
        metadata: { team: "operations", agent_version: "3" },
        spans: this.#spans.toReversed(),
      },
    ]);
  }
}

function toolOffer(step: Step): object {
  const properties = Object.fromEntries(Object.keys(step.input).map((name) => [name, { type: "string" }]));
  return {
    name: step.tool,
    description: `Use ${step.tool} to find facts.`,
    input_schema: { type: "object", properties },
  };
}
