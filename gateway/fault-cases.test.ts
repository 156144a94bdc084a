import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import type { SpanRow } from "@weir/model";
import { type FaultCase, faultCases, faultSubjects } from "./testing/fault-cases.ts";
import { eventually, GatewayFixture, RawClient } from "./testing/gateway-fixture.ts";
import { headerOf, type SeenRequest } from "./testing/mock-upstream.ts";
import { bytesOf, play, type Step } from "./testing/socket-script.ts";

for (const fault of faultCases) {
  const subject = faultSubjects[fault.about];
  test(`case ${fault.about}, ${subject}: ${fault.name}`, async () => {
    await using fixture = await GatewayFixture.start(fault.config === undefined ? {} : { config: { ...fault.config } });
    scriptProvider(fixture, fault.provider);
    const client = new RawClient(fixture.gateway.port);
    await play(client.socket, fault.client, (awaited) => client.waitFor(awaited));
    await judgeClient(client, fault);
    await judgeProvider(fixture, fault);
    await judgeRecord(fixture, fault);
    client.socket.destroy();
    await eventually(() => fixture.gateway.activeCalls === 0);
    assert.equal(fixture.gateway.capturedBytes, 0);
  });
}

/** Whatever it is asked, the provider plays its scripts in turn. */
function scriptProvider(fixture: GatewayFixture, scripts: readonly (readonly Step[])[]): void {
  let turn = 0;
  const answer = (_request: SeenRequest, socket: Socket) => {
    const steps = scripts[Math.min(turn++, scripts.length - 1)] ?? [];
    // Not waited for: what the script does later must not keep the mock from reading on.
    void play(socket, steps, async () => {});
    return undefined;
  };
  for (const step of new Set(faultPaths)) fixture.mock.on(step, answer);
}

const faultPaths = [
  "/v1/chat/completions",
  "/v1/messages",
  "/v1/files",
  "/api/chat",
  "/v1beta/models/gemini-2.5-pro:generateContent",
];

async function judgeClient(client: RawClient, fault: FaultCase): Promise<void> {
  const { statuses, body, ends } = fault.sees;
  const statusLines = () => [...client.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  await eventually(() => statusLines().length >= statuses.length);
  const expected = expectedBody(body, fault.provider[0] ?? []);
  const isThere = () => matches(bodyOf(client.received), expected);
  if (ends === "stays") {
    await eventually(isThere, 10_000).catch(() => {});
    assert.equal(client.socket.destroyed || client.socket.readableEnded, false, "the connection stays");
  } else {
    assert.equal(await client.ended, ends === "left" ? "end" : ends);
  }
  assert.deepEqual(statusLines(), statuses);
  if (!isThere()) assert.equal(bodyOf(client.received), expected);
}

/** As Latin-1, which shows each byte. */
function expectedBody(body: FaultCase["sees"]["body"], steps: readonly Step[]): string | RegExp {
  if (body === "verbatim") return bodyOf(bytesOf(steps).toString("latin1"));
  return typeof body === "string" ? Buffer.from(body).toString("latin1") : body;
}

function matches(body: string, expected: string | RegExp): boolean {
  return typeof expected === "string" ? body === expected : expected.test(body);
}

/** What follows the first head. */
function bodyOf(received: string): string {
  const end = received.indexOf("\r\n\r\n");
  return end === -1 ? "" : received.slice(end + 4);
}

async function judgeProvider(fixture: GatewayFixture, fault: FaultCase): Promise<void> {
  const { bodies, connections, isLetGo, without = [] } = fault.gets;
  const { mock } = fixture;
  await eventually(() => mock.requests.length >= bodies.length);
  assert.deepEqual(
    mock.requests.map(({ body }) => body.toString("latin1")),
    bodies.map((body) => Buffer.from(body as Buffer).toString("latin1")),
  );
  assert.equal(mock.acceptedConnections, connections);
  if (connections > 0) assert.ok(mock.receivedBytes > 0);
  for (const { headers } of mock.requests) {
    for (const name of without) assert.equal(headerOf(headers, name), undefined, name);
  }
  if (isLetGo === true) await eventually(() => mock.openConnections === 0);
}

async function judgeRecord(fixture: GatewayFixture, fault: FaultCase): Promise<void> {
  if (fault.record === null) {
    assert.equal(fixture.gateway.activeCalls, 0);
    assert.deepEqual(fixture.calls, []);
    return;
  }
  const rows = await fixture.rows(fault.sees.statuses.filter((status) => status !== 100).length || 1);
  const row = rows.at(-1) as SpanRow;
  const said = Object.fromEntries(Object.keys(fault.record).map((key) => [key, row[key as keyof SpanRow]]));
  assert.deepEqual(said, fault.record);
  if (fault.said !== undefined) assert.equal(textOf(row), fault.said);
}

/** The answer's text, as the record has it. */
function textOf(row: SpanRow): string | undefined {
  if (row.output.length === 0) return undefined;
  const answer = JSON.parse(row.output.toString()) as { choices?: { message: { content: string } }[] };
  return answer.choices?.[0]?.message.content;
}
