import { randomBytes } from "node:crypto";
import { encodeTraces, type Span } from "@weir/otlp";

const models = ["gpt-4o-mini", "gpt-4o", "claude-sonnet-4-5", "gemini-2.5-flash"];
const words =
  "the order was shipped on monday and should arrive within three days please check the tracking page or write to us again if the parcel is late we are sorry for the wait and thank you for your patience".split(
    " ",
  );

/** Text of about so many bytes, of words that repeat as they do in prose. */
function prose(byteCount: number, pick: (count: number) => number): string {
  let text = "";
  while (text.length < byteCount) text += `${words[pick(words.length)]} `;
  return text.slice(0, byteCount);
}

/** Spans of about 1.5 KB: 15 attributes, 800 bytes of content, ids of their own, all of one resource. */
export function sampleSpans(count: number, seed = 1): Span[] {
  let state = seed;
  const pick = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  const resource = {
    "service.name": "checkout",
    "service.version": "1.4.2",
    "deployment.environment.name": "production",
    "telemetry.sdk.language": "python",
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.version": "1.38.0",
  };
  const scope = { name: "opentelemetry.instrumentation.openai_v2", version: "2.3b0", attributes: {} };
  const startNs = BigInt(Date.now()) * 1_000_000n;
  return Array.from({ length: count }, (_, index): Span => {
    const model = models[pick(models.length)] as string;
    return {
      traceId: randomBytes(16).toString("hex"),
      spanId: randomBytes(8).toString("hex"),
      parentSpanId: index % 3 === 0 ? "" : randomBytes(8).toString("hex"),
      traceState: "",
      flags: 1,
      name: `chat ${model}`,
      kind: 3,
      startTimeUnixNano: startNs + BigInt(index) * 1000n,
      endTimeUnixNano: startNs + BigInt(index) * 1000n + BigInt(pick(2_000_000_000)),
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": model,
        "gen_ai.response.model": `${model}-2026-08-01`,
        "gen_ai.response.id": `chatcmpl-${randomBytes(12).toString("hex")}`,
        "gen_ai.request.temperature": 0.7,
        "gen_ai.request.max_tokens": 1024,
        "gen_ai.usage.input_tokens": 100 + pick(4000),
        "gen_ai.usage.output_tokens": 10 + pick(900),
        "gen_ai.response.finish_reasons": ["stop"],
        "user.id": `user-${pick(5000)}`,
        "session.id": `session-${pick(20_000)}`,
        "server.address": "api.openai.com",
        "gen_ai.input.messages": `[{"role":"user","parts":[{"type":"text","content":"${prose(400, pick)}"}]}]`,
        "gen_ai.output.messages": `[{"role":"assistant","parts":[{"type":"text","content":"${prose(270, pick)}"}],"finish_reason":"stop"}]`,
      },
      events: [],
      links: [],
      statusCode: 0,
      statusMessage: "",
      scope,
      resource,
    };
  });
}

/** The export of so many sample spans, as protobuf. */
export function samplePayload(spanCount: number, seed = 1): Buffer {
  return encodeTraces(sampleSpans(spanCount, seed));
}
