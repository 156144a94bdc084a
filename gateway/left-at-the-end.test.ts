import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, GatewayFixture, RawClient, rawPost } from "./testing/gateway-fixture.ts";

/** OpenAI's SDKs, among others, close the connection at a stream's last event and do not wait for its end. */

const path = "/v1/chat/completions";
const frame = (choice: string) => `data: {"id":"c","model":"gpt-4o","choices":[${choice}]}\n\n`;
const content = frame('{"index":0,"delta":{"content":"Hello"}}');
const finish = frame('{"index":0,"delta":{},"finish_reason":"stop"}');

for (const [name, body, awaited, status] of [
  ["before the finish reason", content, "Hello", "cancelled"],
  ["at the last event", `${content}${finish}data: [DONE]\n\n`, "[DONE]", "ok"],
] as const) {
  test(`a client that leaves ${name}: ${status}`, async () => {
    await using fixture = await GatewayFixture.start();
    fixture.mock.on(path, {
      headers: { "content-type": "text/event-stream" },
      body: `${body}: the connection stays open`,
      stopAfter: body.length,
      afterwards: "stall",
    });
    const client = new RawClient(fixture.gateway.port);
    client.send(rawPost(path, '{"model":"gpt-4o","stream":true}'));
    await client.waitFor(awaited);
    client.socket.destroy();
    await eventually(() => fixture.gateway.activeCalls === 0);
    const [row] = await fixture.rows(1);
    assert.equal(row?.status, status);
    assert.equal(row?.finish_reason, status === "ok" ? "stop" : "");
  });
}
