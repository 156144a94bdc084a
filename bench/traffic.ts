import type { Span } from "@weir/otlp";
import type { Pick, TextSource } from "./traffic-text.ts";

interface Message {
  readonly role: string;
  readonly content: string;
}

/** What calls of one application have in common: 2 KB of system prompt, eight tools of 500 bytes. */
interface Application {
  readonly name: string;
  readonly model: string;
  readonly systemPrompt: string;
  readonly tools: string;
}

export interface TrafficShape {
  readonly calls: number;
  /** Calls of one conversation: each resends what was said before. One: every call is a trace and a session of its own. */
  readonly turns: number;
  readonly startMs: number;
  /** The conversations begin evenly over so many hours. */
  readonly hours: number;
}

const applicationCount = 8;
const turnSeconds = 6;
const models = ["gpt-4o-mini", "gpt-4o", "claude-sonnet-4-5", "gemini-2.5-flash"];

/**
 * Calls of eight applications in the order of time, as the OpenTelemetry conventions have them: questions of about 300
 * characters, answers of about 900, tool results (every third turn of a conversation) of about 1,200.
 */
export function traffic(shape: TrafficShape, source: TextSource, pick: Pick): Span[] {
  const applications = Array.from({ length: applicationCount }, (_, index) => application(index, source, pick));
  const conversations = Math.ceil(shape.calls / shape.turns);
  const gapMs = (shape.hours * 3_600_000) / conversations;
  const spans = Array.from({ length: conversations }, (_, index) =>
    conversation(
      { ...shape, startMs: shape.startMs + index * gapMs },
      applications[pick(applicationCount)] as Application,
      source,
      pick,
    ),
  ).flat();
  return spans.sort((one, other) => (one.startTimeUnixNano < other.startTimeUnixNano ? -1 : 1));
}

function application(index: number, source: TextSource, pick: Pick): Application {
  const tools = Array.from({ length: 8 }, (_, tool) => ({
    type: "function",
    name: `lookup_${index}_${tool}`,
    description: source.text(250, pick),
    parameters: {
      type: "object",
      properties: { id: { type: "string", description: source.text(100, pick) }, limit: { type: "integer" } },
      required: ["id"],
    },
  }));
  return {
    name: `application-${index}`,
    model: models[index % models.length] as string,
    systemPrompt: source.text(2000, pick),
    tools: JSON.stringify(tools),
  };
}

/** The calls of one conversation. */
function conversation(shape: TrafficShape, app: Application, source: TextSource, pick: Pick): Span[] {
  const traceId = hex(16, pick);
  const session = `session-${hex(6, pick)}`;
  const user = `user-${pick(2000)}`;
  const history: Message[] = [];
  return Array.from({ length: shape.turns }, (_, turn) => {
    const isToolResult = turn % 3 === 2;
    const said = isToolResult ? source.text(1200, pick) : `${source.text(300, pick)} ${pick(1_000_000)}`;
    history.push({ role: isToolResult ? "tool" : "user", content: said });
    const answer: Message = { role: "assistant", content: source.text(900, pick) };
    const startMs = shape.startMs + turn * turnSeconds * 1000 + pick(1000);
    const span = call({ traceId, app, startMs, session, user, history, answer }, pick);
    history.push(answer);
    return span;
  });
}

interface Call {
  readonly traceId: string;
  readonly app: Application;
  readonly startMs: number;
  readonly session: string;
  readonly user: string;
  readonly history: readonly Message[];
  readonly answer: Message;
}

function call({ traceId, app, startMs, session, user, history, answer }: Call, pick: Pick): Span {
  const start = BigInt(Math.floor(startMs)) * 1_000_000n + BigInt(pick(1_000_000));
  const parts = ({ role, content }: Message) => ({ role, parts: [{ type: "text", content }] });
  const inputLength = history.reduce((sum, { content }) => sum + content.length, 6000);
  return {
    ...{ traceId, spanId: hex(8, pick), parentSpanId: hex(8, pick), traceState: "", flags: 1, kind: 3 },
    name: `chat ${app.model}`,
    startTimeUnixNano: start,
    endTimeUnixNano: start + BigInt(400_000_000 + pick(4_000_000_000)),
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": app.model,
      "gen_ai.response.model": `${app.model}-2026-08-01`,
      "gen_ai.response.id": `chatcmpl-${hex(12, pick)}`,
      "gen_ai.request.temperature": 0.7,
      "gen_ai.request.max_tokens": 1024,
      "gen_ai.usage.input_tokens": Math.floor(inputLength / 4),
      "gen_ai.usage.output_tokens": Math.floor(answer.content.length / 4),
      "gen_ai.response.finish_reasons": ["stop"],
      "user.id": user,
      "session.id": session,
      "server.address": "api.openai.com",
      "gen_ai.system_instructions": JSON.stringify([{ type: "text", content: app.systemPrompt }]),
      "gen_ai.tool.definitions": app.tools,
      "gen_ai.input.messages": JSON.stringify(history.map(parts)),
      "gen_ai.output.messages": JSON.stringify([{ ...parts(answer), finish_reason: "stop" }]),
    },
    events: [],
    links: [],
    statusCode: 0,
    statusMessage: "",
    scope: { name: "opentelemetry.instrumentation.openai_v2", version: "2.3b0", attributes: {} },
    resource: {
      "service.name": app.name,
      "service.version": "1.4.2",
      "deployment.environment.name": "production",
      "telemetry.sdk.language": "python",
      "telemetry.sdk.name": "opentelemetry",
      "telemetry.sdk.version": "1.38.0",
    },
  };
}

function hex(byteCount: number, pick: Pick): string {
  return Array.from({ length: byteCount }, () => pick(256).toString(16).padStart(2, "0")).join("");
}
