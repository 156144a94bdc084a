import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { defaultProjectId, silentTelemetry } from "@weir/model";
import { openCatalog } from "./catalog.ts";
import { describeCatalog, disposeAfter, eventually } from "./conformance.ts";
import { openCatalogReader } from "./reading/reader.ts";
import { findPostgres, postgresMissing, startTestPostgres, type TestPostgres } from "./testing.ts";

const place = findPostgres();
if (place === undefined) {
  test("the catalog in PostgreSQL", { skip: postgresMissing }, () => undefined);
} else {
  const postgres = await startTestPostgres(place);
  disposeAfter(postgres);
  describeCatalog("the catalog in PostgreSQL", async () => ({ url: await postgres.newDatabase() }));
  test("a reader outlives the connection, keeps what it has and follows again", () => followsAgain(postgres));
}

test("an address that is not PostgreSQL's is refused", async () => {
  const options = { url: "mysql://x", secretKeyFile: join(tmpdir(), "weir-unused.key"), telemetry: silentTelemetry };
  await assert.rejects(openCatalog(options), { code: "CONFIG_INVALID" });
  rmSync(options.secretKeyFile, { force: true });
});

/** PostgreSQL behind a wire that can be cut. */
class Wire {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  constructor(host: string, port: number) {
    this.#server = createServer((near) => {
      if (this.#isCut) return void near.destroy();
      const far = connect(port, host);
      for (const socket of [near, far]) this.#sockets.add(socket.on("error", () => undefined));
      near.pipe(far).pipe(near);
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return (this.#server.address() as { port: number }).port;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  mend(): void {
    this.#isCut = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

async function followsAgain(postgres: TestPostgres): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "weir-catalog-"));
  const options = { secretKeyFile: join(folder, "secret.key"), telemetry: silentTelemetry };
  const direct = new URL(await postgres.newDatabase());
  const wire = new Wire(direct.hostname, Number(direct.port || 5432));
  try {
    const wired = new URL(direct);
    wired.hostname = "127.0.0.1";
    wired.port = String(await wire.listen());
    await using catalog = await openCatalog({ url: direct.href, ...options });
    await catalog.ensureInitial();
    wire.cut();
    await using reader = await openCatalogReader({ url: wired.href, ...options });
    assert.equal(reader.current().projects().length, 0);
    wire.mend();
    await eventually(() => reader.current().project("default"));
    wire.cut();
    const { secret } = await catalog.createApiKey({ projectId: defaultProjectId, name: "k" });
    assert.equal(reader.current().projects().length, 1);
    wire.mend();
    await eventually(() => reader.current().apiKey(secret));
    const next = await catalog.createApiKey({ projectId: defaultProjectId, name: "k2" });
    await eventually(() => reader.current().apiKey(next.secret));
  } finally {
    wire.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
