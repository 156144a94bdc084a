import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Catalog, openCatalog } from "@weir/catalog";
import {
  defaultProjectId,
  type EventDefinition,
  type EventFields,
  type KeyScope,
  OutgoingGuard,
  type ProjectId,
  projectId,
} from "@weir/model";
import { Redaction, redactionConfig } from "@weir/pipeline";
import type { Store } from "@weir/storage";
import { openFreshStore, startTestEngine } from "@weir/storage/testing";
import type { FastifyInstance, InjectOptions } from "fastify";
import { apiConfig } from "./config.ts";
import type { ApiOptions } from "./context.ts";
import { createApi } from "./create-api.ts";
import { LiveTicks } from "./live-ticks.ts";

/** An API over a real engine and a real catalog, with two projects and a key for each. */
export interface TestApi extends AsyncDisposable {
  readonly server: FastifyInstance;
  readonly store: Store;
  readonly catalog: Catalog;
  readonly live: LiveTicks;
  readonly webDirectory: string;
  readonly events: { event: EventDefinition; fields: EventFields }[];
  readonly other: ProjectId;
  /** Keys by who holds them. */
  readonly keys: { readonly default: string; readonly other: string; readonly use: string; readonly owner: string };
  /** Asks with the key of the project `default`, unless headers say otherwise. */
  ask(url: string, options?: InjectOptions): Promise<Answer>;
  /** The cookie of a new session of this machine's owner. */
  signIn(): Promise<string>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  readonly body: any;
  readonly text: string;
}

export async function startTestApi(changes: Partial<ApiOptions> = {}): Promise<TestApi> {
  const folder = await mkdtemp(join(tmpdir(), "weir-api-"));
  const engine = await startTestEngine();
  const store = openFreshStore(engine.address);
  await store.migrate();
  const events: TestApi["events"] = [];
  const telemetry = { emit: (event: EventDefinition, fields: EventFields = {}) => void events.push({ event, fields }) };
  const files = { file: join(folder, "catalog.sqlite"), secretKeyFile: join(folder, "secret.key") };
  const catalog = await openCatalog({ ...files, telemetry });
  await catalog.ensureInitial({
    initApiKey: "the-default-key",
    adminEmail: "ana@example.com",
    adminPassword: "correct horse",
  });
  const other = (await catalog.createProject({ id: "other", name: "Other" })).id;
  const keyOf = async (project: ProjectId, scopes?: KeyScope[]) =>
    (await catalog.createApiKey({ projectId: project, name: "test", scopes })).secret;
  const keys = {
    default: "the-default-key",
    other: await keyOf(other),
    use: await keyOf(defaultProjectId, ["ingest", "query", "gateway"]),
    owner: "the-secret-of-this-machine",
  };
  const live = new LiveTicks();
  const redaction = new Redaction(redactionConfig.parse({}));
  const webDirectory = join(folder, "dist");
  const server = await createApi({
    store,
    catalog,
    telemetry,
    config: apiConfig.parse({}),
    retention: { spansDays: 90, logsDays: 60 },
    webDirectory,
    live,
    outgoing: new OutgoingGuard(["10.1.0.0/16"]),
    redactText: (project, text) => redaction.of(project).redactText(text, new Map()) ?? text,
    install: { version: "1.2.3", is_loopback: true, providers: ["openai", "vertex"].map((id) => ({ id, name: id })) },
    ownerSecret: keys.owner,
    ...changes,
  });
  return {
    server,
    store,
    catalog,
    live,
    webDirectory,
    events,
    other: projectId(other),
    keys,
    async ask(url, { headers, ...options } = {}) {
      const own = { authorization: `Bearer ${keys.default}` };
      const response = await server.inject({ url, headers: headers ?? own, ...options } as InjectOptions);
      const isJson = /json/.test(String(response.headers["content-type"]));
      const body = isJson ? response.json() : undefined;
      return { status: response.statusCode, headers: response.headers, body, text: response.body };
    },
    async signIn() {
      return `weir_session=${(await catalog.createSession()).secret}`;
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await catalog[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
