import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { askPinned } from "./pinned-request.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-pinned-"));
const received: string[] = [];
let server: Server;
let url: URL;

/** For a name that is not the address which is asked. */
function makePair(name: string): { cert: string; key: string } {
  const [certFile, keyFile] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync("openssl", [...request, "-subj", `/CN=${name}`, "-keyout", keyFile, "-out", certFile], {
    stdio: "ignore",
  });
  return { cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
}

const own = makePair("weir.example.com");

before(async () => {
  server = createServer(own, async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    received.push(`${request.method} ${request.url} ${request.headers.authorization} ${body}`);
    if (request.url === "/nothing") response.writeHead(204).end();
    else response.writeHead(201, { "content-type": "application/json" }).end('{"ok":true}');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`);
});
after(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const asked = { headers: { authorization: "Bearer owner" }, signal: AbortSignal.timeout(30_000) };

test("a server with this very certificate is asked, whatever name it has", async () => {
  const answer = await askPinned(new URL("/a?b=c", url), own.cert, { ...asked, method: "POST", body: "{}" });
  assert.equal(answer.status, 201);
  assert.deepEqual(await answer.json(), { ok: true });
  const nothing = await askPinned(new URL("/nothing", url), own.cert, { ...asked, method: "DELETE" });
  assert.deepEqual([nothing.status, await nothing.text()], [204, ""]);
  assert.deepEqual(received.splice(0), ["POST /a?b=c Bearer owner {}", "DELETE /nothing Bearer owner "]);
});

test("a server with another certificate hears nothing of the request", async () => {
  const other = makePair("weir.example.com-again").cert;
  await assert.rejects(askPinned(url, other, { ...asked, method: "GET" }), /another certificate/);
  assert.deepEqual(received, []);
});

test("nobody there is an error", async () => {
  await assert.rejects(
    askPinned(new URL("https://127.0.0.1:1/"), own.cert, { ...asked, method: "GET" }),
    /ECONNREFUSED/,
  );
});
