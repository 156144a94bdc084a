import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { OutgoingGuard } from "./outgoing-guard.ts";

const guard = new OutgoingGuard([]);

const refused = [
  "http://127.0.0.1:8123/",
  "http://127.1/",
  "http://2130706433/",
  "http://0x7f.0.0.1/",
  "http://0177.0.0.1/",
  "http://localhost/",
  "http://metadata.localhost./",
  "http://[::1]/",
  "http://[::ffff:127.0.0.1]/",
  "http://[::ffff:7f00:1]/",
  "http://[::127.0.0.1]/",
  "http://[64:ff9b::7f00:1]/",
  "http://[2002:7f00:1::]/",
  "http://0.0.0.0/",
  "http://10.0.0.1/",
  "http://172.31.255.255/",
  "http://192.168.1.1/",
  "http://100.64.0.1/",
  "http://169.254.169.254/latest/meta-data/",
  "http://[fd00:ec2::254]/",
  "http://[fe80::1]/",
  "http://255.255.255.255/",
  "file:///etc/passwd",
  "gopher://example.com/",
  "ftp://example.com/",
];

for (const url of refused) {
  test(`${url} is refused`, () => assert.throws(() => guard.checkUrl(new URL(url)), { code: "ADDRESS_FORBIDDEN" }));
}

for (const url of [
  "https://api.openai.com/v1",
  "http://8.8.8.8/",
  "https://[2606:4700::1111]/",
  "http://172.32.0.1/",
  "http://localhost.example.com/",
]) {
  test(`${url} may be called`, () => guard.checkUrl(new URL(url)));
}

test("a range that is allowed may be called, but never a cloud's metadata", () => {
  const open = new OutgoingGuard(["127.0.0.0/8", "169.254.0.0/16", "::1"]);
  for (const address of ["127.0.0.1", "::ffff:127.0.0.1", "::1", "169.254.1.1"])
    assert.equal(open.allows(address), true, address);
  for (const address of ["169.254.169.254", "::ffff:169.254.169.254", "10.0.0.1"])
    assert.equal(open.allows(address), false, address);
});

test("a name is judged by its addresses, as the connection is made", async () => {
  const server = createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const refusedSocket = connect({ host: "localhost", port, lookup: guard.lookup });
  const [error] = (await once(refusedSocket, "error")) as [Error & { code: string }];
  assert.equal(error.code, "ADDRESS_FORBIDDEN");
  const open = new OutgoingGuard(["127.0.0.0/8", "::1"]);
  for (const autoSelectFamily of [true, false]) {
    const socket = connect({ host: "localhost", port, family: 4, lookup: open.lookup, autoSelectFamily });
    const [data] = (await once(socket, "data")) as [Buffer];
    assert.equal(String(data), "hello");
  }
  server.close();
});
