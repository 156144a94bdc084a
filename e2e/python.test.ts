import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { callsOfUser, newUser } from "./calls-api.ts";
import { Program, Weir } from "./weir-process.ts";

/** The official Python SDKs, from the venv that `.ci/run` makes at e2e/.venv, or from any python3 that has them. */

const python = [join(import.meta.dirname, ".venv/bin/python"), "python3"].find(hasSdks);
const skip =
  python === undefined ? "no python3 with openai and anthropic: `.ci/run` installs them into e2e/.venv" : false;

function hasSdks(program: string): boolean {
  if (program.includes("/") && !existsSync(program)) return false;
  try {
    execFileSync(program, ["-c", "import openai, anthropic"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const script = `
import json, sys
import openai, anthropic
base, openai_path, anthropic_path, user = sys.argv[1:5]
headers = {"x-mock-case": "python", **({"x-weir-user": user} if user else {})}
messages = [{"role": "user", "content": "How do I export all of my data before I close my account?"}]
o = openai.OpenAI(base_url=base + openai_path, api_key="sk-e2e", max_retries=0, default_headers=headers)
a = anthropic.Anthropic(base_url=base + anthropic_path, api_key="sk-ant-e2e", max_retries=0, default_headers=headers)
out = []
out.append(o.chat.completions.create(model="gpt-4o-mini", messages=messages).model_dump())
out.append([c.model_dump() for c in o.chat.completions.create(model="gpt-4o-mini", messages=messages, stream=True, stream_options={"include_usage": True})])
out.append([e.model_dump() for e in o.responses.create(model="gpt-5-mini", input="Hello", stream=True)])
out.append(o.embeddings.create(model="text-embedding-3-small", input="Hello").model_dump())
out.append(a.messages.create(model="claude-haiku-4-5-20251001", max_tokens=512, messages=messages).model_dump())
with a.messages.stream(model="claude-haiku-4-5-20251001", max_tokens=512, messages=messages) as s:
    out.append([s.get_final_message().model_dump()])
print(json.dumps(out, default=str))
`;

let mock: Program;
let weir: Weir;
before(async () => {
  if (skip) return;
  mock = await Program.start("demo/mock-provider.ts", "--pace", "0.05");
  weir = await Weir.start({ upstream: mock.url });
});
after(async () => {
  await weir?.[Symbol.asyncDispose]();
  await mock?.[Symbol.asyncDispose]();
});

test("Python: openai and anthropic, whole and streamed, straight and through Weir", { skip }, async () => {
  const user = newUser();
  const file = join(weir.dataDirectory, "sdk.py");
  writeFileSync(file, script);
  const run = (...args: string[]) =>
    JSON.parse(
      execFileSync(python ?? "python3", [file, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
    );
  const straight = run(mock.url, "/v1", "", "");
  const through = run(weir.url, "/openai/v1", "/anthropic", user);
  assert.deepEqual(through, straight);
  const calls = await callsOfUser(weir, user, 6);
  assert.deepEqual(
    calls.map(({ status }) => status),
    Array(6).fill("ok"),
  );
  assert.deepEqual(
    calls.filter(({ cost_nano_usd }) => cost_nano_usd === null),
    [],
  );
});
