import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import fastify from "fastify";
import { clientBehind } from "./client-address.ts";

const cases: readonly { trusted: readonly string[]; forwarded: string; client: string }[] = [
  { trusted: [], forwarded: "9.9.9.9", client: "9.9.9.9" },
  { trusted: [], forwarded: "6.6.6.6, 9.9.9.9", client: "9.9.9.9" },
  { trusted: ["10.0.0.0/8"], forwarded: "6.6.6.6, 9.9.9.9, 10.1.2.3", client: "9.9.9.9" },
  { trusted: ["10.0.0.0/8"], forwarded: "9.9.9.9, ::ffff:10.1.2.3", client: "9.9.9.9" },
  { trusted: ["10.1.2.3", "2001:db8::/32"], forwarded: "9.9.9.9, 2001:db8::1, 10.1.2.3", client: "9.9.9.9" },
  { trusted: ["10.1.2.3"], forwarded: "9.9.9.9, 10.1.2.4", client: "10.1.2.4" },
  { trusted: ["10.0.0.0/8"], forwarded: "9.9.9.9, no-address, 10.1.2.3", client: "no-address" },
];

for (const [index, { trusted, forwarded, client }] of cases.entries()) {
  test(`behind ${trusted.join(" and ") || "no proxy"}: ${forwarded} is ${client}`, async () => {
    const socketPath = join(tmpdir(), `weir-client-address-${process.pid}-${index}.sock`);
    const server = fastify({ trustProxy: clientBehind(trusted) });
    server.get("/", (request) => request.ip);
    await server.listen({ path: socketPath });
    const answer = await new Promise<string>((resolve, reject) => {
      const asked = request({ socketPath, headers: { "x-forwarded-for": forwarded }, agent: false });
      asked.on("response", (response) => resolve(text(response))).on("error", reject);
      asked.end();
    });
    assert.equal(answer, client);
    await server.close();
    rmSync(socketPath, { force: true });
  });
}
