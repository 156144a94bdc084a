import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { callsOfUser, newUser } from "./calls-api.ts";
import { freePort } from "./free-port.ts";
import { Program, Weir } from "./weir-process.ts";

let mock: Program;
before(async () => {
  mock = await Program.start("demo/mock-provider.ts");
});
after(() => mock[Symbol.asyncDispose]());

const streamBody = JSON.stringify({
  model: "gpt-4o-mini",
  stream: true,
  messages: [{ role: "user", content: "How do I export all of my data before I close my account?" }],
});

function stream(weir: Weir, user: string): Promise<Response> {
  return fetch(`${weir.url}/openai/v1/chat/completions`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: "Bearer x",
      "x-weir-user": user,
      "x-mock-case": "life",
    },
    body: streamBody,
  });
}

test("a running stream finishes at a stop, is recorded, and no process is left", async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), "weir-e2e-life-"));
  try {
    const user = newUser();
    const weir = await Weir.start({ upstream: mock.url, dataDirectory });
    const response = await stream(weir, user);
    const stopping = weir.stop("SIGTERM");
    const text = await response.text();
    assert.ok(text.endsWith("data: [DONE]\n\n"));
    assert.equal(await stopping, 0);
    assert.deepEqual(await weir.leftOver(), []);

    await using again = await Weir.start({ upstream: mock.url, dataDirectory });
    const [call] = await callsOfUser(again, user);
    assert.equal(call?.status, "ok");
    const said = text
      .match(/"content":"((?:[^"\\]|\\.)*)"/g)
      ?.map((part) => JSON.parse(part.slice(10)))
      .join("");
    assert.equal(JSON.parse(call?.output ?? "{}").choices[0].message.content, said);
  } finally {
    rmSync(dataDirectory, { recursive: true, force: true });
  }
});

test("Ctrl-C stops it as well", async () => {
  const weir = await Weir.start({ upstream: mock.url });
  assert.equal(await weir.stop("SIGINT"), 0);
  await weir[Symbol.asyncDispose]();
});

test("a second Weir on the same data is refused with the reason, and the first goes on", async () => {
  await using first = await Weir.start({ upstream: mock.url });
  const second = await Weir.launch({ dataDirectory: first.dataDirectory });
  await second.until("ended", 60_000, () => second.exitCode !== undefined);
  assert.notEqual(second.exitCode, 0);
  assert.match(second.output, /already runs/);
  assert.equal((await first.fetch("/health")).status, 200);
});

interface Refusal {
  readonly name: string;
  readonly environment?: Record<string, string>;
  readonly file?: string;
  readonly says: readonly RegExp[];
}

const refusals: readonly Refusal[] = [
  { name: "a port that is no port", environment: { WEIR_PORT: "eighty" }, says: [/WEIR_PORT/, /whole number|number/] },
  { name: "a port out of range", environment: { WEIR_PORT: "70000" }, says: [/WEIR_PORT/, /65535/] },
  { name: "an unknown variable", environment: { WEIR_PROT: "8080" }, says: [/WEIR_PROT/, /Did you mean WEIR_PORT/] },
  {
    name: "an unknown setting in the file",
    file: "port: 8080\nworkerz: 2\n",
    says: [/weir\.yaml:2/, /workerz/, /workers/],
  },
  {
    name: "several problems at once",
    environment: { WEIR_PORT: "x", WEIR_LOG_LEVEL: "loud" },
    says: [/WEIR_PORT/, /WEIR_LOG_LEVEL/],
  },
  {
    name: "a data folder that cannot be made",
    environment: { WEIR_DATA_DIR: "/dev/null/weir" },
    says: [/The data folder \/dev\/null\/weir\S* cannot be used: a part of its path is a file\./, /set WEIR_DATA_DIR/],
  },
  {
    name: "beyond loopback without credentials",
    environment: { WEIR_HOST: "0.0.0.0", WEIR_INIT_API_KEY: "" },
    says: [/0\.0\.0\.0|loopback/],
  },
];

for (const { name, environment = {}, file, says } of refusals) {
  test(`refused at the start: ${name}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "weir-e2e-config-"));
    try {
      if (file !== undefined) {
        writeFileSync(join(folder, "weir.yaml"), file);
        Object.assign(environment, { WEIR_CONFIG: join(folder, "weir.yaml") });
      }
      const weir = await Weir.launch({ environment, dataDirectory: join(folder, "data") });
      await weir.until("ended", 60_000, () => weir.exitCode !== undefined);
      assert.notEqual(weir.exitCode, 0);
      for (const pattern of says) assert.match(weir.output, pattern);
      assert.doesNotMatch(weir.output, /\n\s+at .*\.ts:\d+/, "a stack trace is shown for a mistake of the user's");
      assert.deepEqual(await weir.leftOver(), []);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test("a port in use is refused in one sentence", async () => {
  const port = await freePort();
  const taken = await Program.start("demo/mock-provider.ts", "--port", String(port));
  try {
    const weir = await Weir.launch({ environment: { WEIR_PORT: String(port) } });
    await weir.until("ended", 60_000, () => weir.exitCode !== undefined);
    assert.notEqual(weir.exitCode, 0);
    assert.match(weir.output, new RegExp(`${port}.*in use`));
    await weir[Symbol.asyncDispose]();
  } finally {
    await taken[Symbol.asyncDispose]();
  }
});
