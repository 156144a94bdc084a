import type { Catalog } from "@weir/catalog";
import type { OutgoingGuard, ProjectId, RetentionSettings, Telemetry } from "@weir/model";
import type { SqlLines, SqlWriter } from "@weir/storage";
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { ApiConfig } from "./config.ts";
import type { Install } from "./contract/index.ts";
import type { LiveTicks } from "./live-ticks.ts";

/** What the API stands on. */
export interface ApiOptions {
  readonly store: SqlWriter & SqlLines;
  readonly catalog: Catalog;
  readonly telemetry: Telemetry;
  readonly config: ApiConfig;
  /** The built web UI; a page says how to build it when it is missing. */
  readonly webDirectory: string;
  /** Told by the writer of rows that can be read. */
  readonly live: LiveTicks;
  /** Judges URLs that users give. */
  readonly outgoing: OutgoingGuard;
  /** A question as the audit log may keep it: without what is taken out of a project's content. Default: none is kept. */
  readonly redactText?: (project: ProjectId, text: string) => string;
  readonly install: Install;
  /** How long data is kept in projects that do not say so themselves. */
  readonly retention: RetentionSettings;
  /** What `weir` on this machine sends as its key: a secret that only the owner's files hold. */
  readonly ownerSecret?: string | undefined;
}

/** The server with requests and answers typed by their zod schemas. */
export type ApiServer = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;
