import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect, getCACertificates, setDefaultCACertificates } from "node:tls";
import OpenAI from "openai";
import { chromium } from "playwright-core";
import { callsOfUser, newUser } from "./calls-api.ts";
import { checkout, Program, Weir } from "./weir-process.ts";

/** TLS on every port, as clients meet it: SDKs, browsers, WebSockets, `weir` on the machine, a renewal meanwhile. */

const folder = mkdtempSync(join(tmpdir(), "weir-tls-e2e-"));
const used = { certFile: join(folder, "used.crt"), keyFile: join(folder, "used.key") };
const email = "owner@example.com";
const password = "a long green river 7216";

let mock: Program;
let slow: Server;
let weir: Weir;
/** Lets the slow provider's stream come to its end. */
const finish = Promise.withResolvers<void>();
before(async () => {
  const pairs = ["first", "second"].map(makePair);
  use("first");
  setDefaultCACertificates([...getCACertificates("default"), ...pairs]);
  mock = await Program.start("demo/mock-provider.ts", "--pace", "1");
  slow = await startSlowProvider();
  weir = await Weir.start({
    upstream: mock.url,
    environment: {
      WEIR_TLS_CERT_FILE: used.certFile,
      WEIR_TLS_KEY_FILE: used.keyFile,
      WEIR_INIT_ADMIN_EMAIL: email,
      WEIR_INIT_ADMIN_PASSWORD: password,
      WEIR_SLOW_BASE_URL: `http://127.0.0.1:${(slow.address() as AddressInfo).port}`,
    },
  });
});
after(async () => {
  await weir?.[Symbol.asyncDispose]();
  await mock?.[Symbol.asyncDispose]();
  slow?.close();
  rmSync(folder, { recursive: true });
});

/** The certificate, for this machine. */
function makePair(name: string): string {
  const [certFile, keyFile] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const names = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  execFileSync("openssl", [...request, ...names, "-keyout", keyFile, "-out", certFile], { stdio: "ignore" });
  return readFileSync(certFile, "utf8");
}

function use(name: string): void {
  cpSync(join(folder, `${name}.crt`), used.certFile);
  cpSync(join(folder, `${name}.key`), used.keyFile);
}

const chunk = (delta: object, finish_reason: string | null) =>
  `data: ${JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

/** A provider whose stream ends when the test says so, and that greets over a WebSocket (RFC 6455). */
async function startSlowProvider(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(chunk({ role: "assistant", content: "Once" }, null));
    void finish.promise.then(() => response.end(`${chunk({}, "stop")}data: [DONE]\n\n`));
  });
  server.on("upgrade", (request, socket) => {
    const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    const head = ["HTTP/1.1 101 Switching Protocols", "connection: upgrade", "upgrade: websocket"];
    socket.write(`${[...head, `sec-websocket-accept: ${accept}`].join("\r\n")}\r\n\r\n`);
    socket.write(Buffer.concat([Buffer.from([0x81, 5]), Buffer.from("hello")]));
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

function openai(): OpenAI {
  return new OpenAI({ baseURL: `${weir.url}/openai/v1`, apiKey: "sk-e2e", maxRetries: 0 });
}

async function metrics(): Promise<string> {
  return (await weir.fetch("/metrics")).text();
}

async function nameShown(url: string): Promise<string> {
  const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1" });
  await once(socket, "secureConnect");
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

test("the banner says https, and an SDK speaks it, streaming", async () => {
  assert.match(weir.output, new RegExp(`Weir is at ${weir.url}`));
  assert.match(weir.output, new RegExp(`${weir.otlpHttpUrl} \\(OTLP/HTTP\\)`));
  const user = newUser();
  const stream = await openai().chat.completions.create(
    { model: "gpt-4o-mini", messages: [{ role: "user", content: "Hello" }], stream: true },
    { headers: { "x-weir-user": user, "x-mock-pace": "0.2" } },
  );
  let parts = 0;
  for await (const _ of stream) parts += 1;
  assert.ok(parts > 3);
  const [call] = await callsOfUser(weir, user, 1);
  assert.equal(call?.status, "ok");
  assert.match(await metrics(), /http_server_request_duration_seconds_count\{.*url_scheme="https"\} 1\n/);
});

test("a WebSocket is opened over TLS", async () => {
  const socket = new WebSocket(`${weir.url.replace("https", "wss")}/slow/v1/realtime`);
  const message = await new Promise<MessageEvent>((resolve, reject) => {
    socket.onmessage = resolve;
    socket.onerror = () => reject(new Error("The WebSocket failed."));
  });
  socket.close();
  assert.equal(message.data, "hello");
});

test("plain HTTP on the main port is told what to do", async () => {
  const answer = await fetch(`${weir.url.replace("https", "http")}/openai/v1/models`);
  assert.equal(answer.status, 400);
  assert.match(await answer.text(), /speaks TLS: use https/);
});

test("a session's cookie is for https alone, and for no script", async () => {
  const signIn = (headers: Record<string, string>) =>
    fetch(`${weir.url}/api/v1/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ email, password }),
    });
  // What a client says of itself does not count.
  for (const claimed of [{}, { "x-forwarded-proto": "http" }]) {
    const answer = await signIn(claimed);
    assert.equal(answer.status, 200);
    const [cookie = ""] = answer.headers.getSetCookie();
    for (const flag of ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"])
      assert.match(cookie, new RegExp(`; ${flag}(;|$)`));
    assert.doesNotMatch(cookie, /Domain=/i);
    assert.match(cookie, /^__Host-weir_session=/);
  }
  const elsewhere = await signIn({ origin: weir.url.replace("https", "http").replace(/\d+$/, "1") });
  assert.equal(elsewhere.status, 403);
});

test("a browser keeps that cookie, signs in and out, and a neighbour's cookie signs it into nothing", async () => {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
  try {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await context.addCookies([{ name: "weir_session", value: "planted-by-a-neighbour", url: weir.url }]);
    await page.goto(`${weir.url}/ui/sign-in`);
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.waitForURL((url) => !url.pathname.includes("sign-in"));
    const me = () => page.evaluate(async () => (await fetch("/api/v1/auth/me")).status);
    const session = async () => (await context.cookies(weir.url)).find(({ name }) => name === "__Host-weir_session");
    assert.equal(await me(), 200);
    const { httpOnly, secure, sameSite } = (await session()) ?? {};
    assert.deepEqual({ httpOnly, secure, sameSite }, { httpOnly: true, secure: true, sameSite: "Lax" });
    await page.evaluate(() => fetch("/api/v1/auth/logout", { method: "POST" }));
    assert.equal(await me(), 401);
    assert.equal(await session(), undefined);
  } finally {
    await browser.close();
  }
});

test("OTLP is taken over TLS", async () => {
  const answer = await fetch(`${weir.otlpHttpUrl}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"resourceSpans":[]}',
  });
  assert.equal(answer.status, 200);
});

test("`weir` on the machine asks over TLS, whatever the certificate is for", () => {
  const run = (...args: string[]) =>
    execFileSync(process.execPath, [join(checkout, "server/main.ts"), ...args], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"], WEIR_DATA_DIR: weir.dataDirectory },
    });
  assert.match(run("link"), new RegExp(`^${weir.url}/ui/sign-in\\?token=`));
  assert.match(run("status"), /gateway +ok/);
});

test("a renewed certificate is shown on every port while a stream goes on", { timeout: 120_000 }, async () => {
  const client = new OpenAI({ baseURL: `${weir.url}/slow/v1`, apiKey: "sk-e2e", maxRetries: 0 });
  const messages = [{ role: "user" as const, content: "Tell me a long story." }];
  const stream = await client.chat.completions.create({ model: "m", messages, stream: true });
  const parts = stream[Symbol.asyncIterator]();
  assert.equal((await parts.next()).done, false);
  use("second");
  const ports = [weir.url, weir.otlpHttpUrl, weir.otlpGrpcUrl];
  await weir.until("renewed", 60_000, async () => {
    const names = await Promise.all(ports.map(nameShown));
    return names.every((name) => name === "second");
  });
  assert.match(await metrics(), /http_server_active_requests\{.*"POST",url_scheme="https"\} 1\n/, "it still goes on");
  finish.resolve();
  let last: OpenAI.ChatCompletionChunk | undefined;
  for (let next = await parts.next(); next.done !== true; next = await parts.next()) last = next.value;
  assert.equal(last?.choices[0]?.finish_reason, "stop");
  assert.match(weir.output, /A renewed certificate is in use/);
});
