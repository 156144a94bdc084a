import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { GatewayFixture } from "./testing/gateway-fixture.ts";
import type { MockAnswer } from "./testing/mock-upstream.ts";

let fixture: GatewayFixture;
before(async () => {
  fixture = await GatewayFixture.start();
});
after(() => fixture[Symbol.asyncDispose]());

const json = (body: unknown): MockAnswer => ({
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
const events = (...list: readonly { type: string }[]): MockAnswer => ({
  headers: { "content-type": "text/event-stream" },
  body: list.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(""),
});
const picture = { b64_json: "aGVsbG8=" };
const imageUsage = {
  input_tokens: 50,
  output_tokens: 4000,
  input_tokens_details: { text_tokens: 10, image_tokens: 40 },
};
const search = (type: string) => ({ type: "web_search_call", status: "completed", action: { type } });
const answered = (tools: readonly string[], output: readonly object[]) => ({
  object: "response",
  status: "completed",
  model: "gpt-5",
  tools: tools.map((type) => ({ type })),
  output,
  usage: { input_tokens: 1000, output_tokens: 100 },
});
const tokensOfGpt5 = 1000 * 1250 + 100 * 10_000;

/** Name, path, request, answer, what it costs, and what of it is on record beside the tokens. */
const cases: readonly (readonly [string, string, object, MockAnswer, number | null, object])[] = [
  [
    "an image by its tokens",
    "/openai/v1/images/generations",
    { model: "gpt-image-1", prompt: "p" },
    json({ data: [picture], usage: imageUsage }),
    10 * 5000 + 40 * 10_000 + 4000 * 40_000,
    { "usage.output_images": "1", "usage.input_image_tokens": "40" },
  ],
  [
    "a streamed image by its tokens",
    "/openai/v1/images/generations",
    { model: "gpt-image-1", prompt: "p", stream: true },
    events({ type: "image_generation.partial_image", ...picture }, {
      type: "image_generation.completed",
      ...picture,
      usage: imageUsage,
    } as { type: string }),
    10 * 5000 + 40 * 10_000 + 4000 * 40_000,
    { "usage.input_image_tokens": "40" },
  ],
  [
    "two images by the piece",
    "/openai/v1/images/generations",
    { model: "dall-e-2", prompt: "p", n: 2, size: "256x256" },
    json({ data: [picture, picture] }),
    32_000_000,
    { "usage.output_images": "2" },
  ],
  [
    "an image in the usual quality and size",
    "/openai/v1/images/generations",
    { prompt: "p", model: "dall-e-3" },
    json({ data: [{ url: "https://x" }] }),
    40_000_000,
    { "usage.output_images": "1" },
  ],
  [
    "no price for an image of unknown size",
    "/openai/v1/images/generations",
    { model: "dall-e-3", size: "7x7" },
    json({ data: [picture] }),
    null,
    { "usage.output_images": "1" },
  ],
  [
    "speech by the character, whatever its bytes",
    "/openai/v1/audio/speech",
    { model: "tts-1", voice: "alloy", input: "日本語 \u{1f600}\n" },
    { headers: { "content-type": "audio/mpeg" }, body: Buffer.from([0xff, 0xfb, 0, 1]) },
    6 * 15_000,
    { "usage.input_characters": "6" },
  ],
  [
    "speech of 4,096 characters of three bytes",
    "/openai/v1/audio/speech",
    { model: "tts-1-hd", voice: "alloy", input: "語".repeat(4096) },
    { headers: { "content-type": "audio/mpeg" }, body: "x" },
    4096 * 30_000,
    { "usage.input_characters": "4096" },
  ],
  [
    "streamed speech by its tokens",
    "/openai/v1/audio/speech",
    { model: "gpt-4o-mini-tts", input: "hi", stream_format: "sse", stream: true },
    events(
      { type: "speech.audio.delta", audio: "AAAA" } as { type: string },
      { type: "speech.audio.done", usage: { input_tokens: 10, output_tokens: 100, total_tokens: 110 } } as {
        type: string;
      },
    ),
    10 * 600 + 100 * 12_000,
    { "usage.input_characters": "2" },
  ],
  [
    "a transcript by the second",
    "/openai/v1/audio/transcriptions",
    { model: "whisper-1" },
    json({ text: "Hello", usage: { type: "duration", seconds: 9 } }),
    900_000,
    { "usage.audio_seconds": "9" },
  ],
  [
    "searches beside the tokens; opening a page is none",
    "/openai/v1/responses",
    { model: "gpt-5", input: "x" },
    json(answered(["web_search"], [search("search"), search("open_page"), search("search")])),
    tokensOfGpt5 + 20_000_000,
    { "usage.web_search_requests": "2" },
  ],
  [
    "searches in files, streamed",
    "/openai/v1/responses",
    { model: "gpt-5", input: "x", stream: true },
    events({ type: "response.completed", response: answered(["file_search"], [{ type: "file_search_call" }]) } as {
      type: string;
    }),
    tokensOfGpt5 + 2_500_000,
    { "usage.file_search_requests": "1" },
  ],
  [
    "no price where the preview of the search was used",
    "/openai/v1/responses",
    { model: "gpt-5", input: "x" },
    json(answered(["web_search_preview_2025_03_11"], [search("search")])),
    null,
    { "usage.web_search_preview_requests": "1" },
  ],
  [
    "no price where another model drew",
    "/openai/v1/responses",
    { model: "gpt-5", input: "x" },
    json(answered(["image_generation"], [{ type: "image_generation_call", result: "AAAA" }])),
    null,
    { "usage.image_generation_requests": "1" },
  ],
  [
    "tools that were offered and not used",
    "/openai/v1/responses",
    { model: "gpt-5", input: "x" },
    json(answered(["web_search_preview", "code_interpreter"], [{ type: "message" }])),
    tokensOfGpt5,
    {},
  ],
];

for (const [name, path, request, answer, cost, details] of cases) {
  test(`what is paid for: ${name}`, async () => {
    fixture.mock.on(name, answer);
    const response = await fixture.post(path, request, { headers: { "x-mock": name } });
    await response.arrayBuffer();
    const row = (await fixture.rows(cases.findIndex(([it]) => it === name) + 1)).at(-1);
    assert.ok(row);
    assert.equal(row.status, "ok");
    assert.equal(row.cost_nano_usd, cost);
    const told = Object.entries(row.attributes).filter(([key]) => key.startsWith("usage."));
    assert.deepEqual(Object.fromEntries(told), details);
    assert.equal(row.price_rates === "", cost === null);
  });
}

test("what is paid for: nothing where the request was refused", async () => {
  await using refusing = await GatewayFixture.start();
  refusing.mock.on("/v1/audio/speech", { ...json({ error: { message: "No." } }), status: 429 });
  await refusing.post("/openai/v1/audio/speech", { model: "tts-1", input: "Hello" });
  const [row] = await refusing.rows(1);
  assert.deepEqual([row?.status, row?.cost_nano_usd], ["error", null]);
});

test("what is paid for: a file of sound, whose length the answer tells", async () => {
  const form = new FormData();
  form.set("file", new Blob([new Uint8Array(1000)]), "a.wav");
  form.set("model", "whisper-large-v3-turbo");
  fixture.mock.on("form", json({ text: "Hello", duration: 36, segments: [] }));
  const response = await fetch(`${fixture.url}/groq/openai/v1/audio/transcriptions`, {
    method: "POST",
    headers: { "x-mock": "form" },
    body: form,
  });
  await response.arrayBuffer();
  const row = (await fixture.rows(cases.length + 1)).at(-1);
  assert.deepEqual(
    [row?.operation, row?.request_model, row?.cost_nano_usd],
    ["transcription", "whisper-large-v3-turbo", 400_000],
  );
});
