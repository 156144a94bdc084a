import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, createServer } from "node:tls";
import type { EventDefinition } from "@weir/model";
import { CertificateFromFiles } from "./certificate-files.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-tls-"));
after(() => rmSync(folder, { recursive: true }));

function makePair(name: string): { certFile: string; keyFile: string } {
  const certFile = join(folder, `${name}.crt`);
  const keyFile = join(folder, `${name}.key`);
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync("openssl", [...request, "-subj", `/CN=${name}`, "-keyout", keyFile, "-out", certFile], {
    stdio: "ignore",
  });
  return { certFile, keyFile };
}

async function nameShownBy(port: number): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

test("a renewed pair is shown to the next client, and half of one is not", async () => {
  const first = makePair("first");
  const second = makePair("second");
  const used = { certFile: join(folder, "used.crt"), keyFile: join(folder, "used.key") };
  copyFileSync(first.certFile, used.certFile);
  copyFileSync(first.keyFile, used.keyFile);
  const events: string[] = [];
  const telemetry = { emit: ({ message }: EventDefinition) => void events.push(message) };
  using certificate = new CertificateFromFiles({ ...used, telemetry, lookEveryMs: 20 });
  const server = createServer(certificate.options).listen(0, "127.0.0.1");
  certificate.keepRenewed(server);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  assert.equal(await nameShownBy(port), "first");
  // Certificates are often links that are moved to a new version.
  symlinkSync(second.certFile, join(folder, "next.crt"));
  renameSync(join(folder, "next.crt"), used.certFile);
  await until(() => events.length > 0);
  assert.match(events[0] as string, /cannot be used/);
  assert.equal(await nameShownBy(port), "first");
  symlinkSync(second.keyFile, join(folder, "next.key"));
  renameSync(join(folder, "next.key"), used.keyFile);
  await until(async () => (await nameShownBy(port)) === "second");
  server.close();
});

for (const [name, certFile, keyFile] of [
  ["no such file", "missing.crt", "missing.key"],
  ["no PEM", "text.crt", "text.key"],
  ["another's key", "one.crt", "other.key"],
] as const) {
  test(`a pair that cannot be used is told at the start: ${name}`, () => {
    if (name === "no PEM") for (const file of [certFile, keyFile]) writeFileSync(join(folder, file), "hello");
    if (name === "another's key") for (const pair of ["one", "other"]) makePair(pair);
    const files = { certFile: join(folder, certFile), keyFile: join(folder, keyFile) };
    assert.throws(() => new CertificateFromFiles({ ...files, telemetry: { emit() {} } }), { code: "CONFIG_INVALID" });
  });
}
