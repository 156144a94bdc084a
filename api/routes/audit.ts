import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { AuditQuestion, AuditEntry as CatalogEntry } from "@weir/catalog";
import { projectId } from "@weir/model";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import type { ApiOptions, ApiServer } from "../context.ts";
import {
  type AuditEntry,
  apiPaths,
  auditPage,
  auditVerification,
  exportAuditQuery,
  listAuditQuery,
} from "../contract/index.ts";
import { csvLine } from "../csv.ts";
import { answers, textAnswer } from "../route-answers.ts";
import { changesBy, grantOf, organizationOf } from "../scope.ts";

const tags = ["audit"];
const exportPageSize = 500;

export function registerAudit(server: ApiServer, options: ApiOptions): void {
  registerVerification(server, options);
  const schema = {
    operationId: "listAudit",
    tags,
    summary: "Search the audit log of an organisation, newest first",
    querystring: listAuditQuery,
    response: answers({ 200: auditPage }),
  };
  server.get(apiPaths.audit, { schema }, async (request) => {
    const { limit, before } = request.query;
    const entries = await options.catalog.auditLog.list({ ...questionOf(request, request.query), limit, before });
    const last = entries.length === limit ? entries.at(-1) : undefined;
    return { data: entries.map(toEntry), next_before: last?.sequence ?? null };
  });
  const exportSchema = {
    operationId: "exportAudit",
    tags,
    summary: "Everything that the search finds, as a file",
    querystring: exportAuditQuery,
    response: answers({ 200: textAnswer("The entries, newest first.", "application/jsonl", "text/csv") }),
  };
  server.get(apiPaths.auditExport, { schema: exportSchema }, async (request, reply) => {
    const { format } = request.query;
    const question = questionOf(request, request.query);
    const organizationId = organizationOf(request);
    const target = { kind: "organization", id: question.organizationId };
    await changesBy(request, options).auditLog.record({ action: "audit.export", organizationId, target });
    await sendExport(reply, format, (before) =>
      options.catalog.auditLog.list({ ...question, limit: exportPageSize, before }),
    );
  });
}

/** Reads the whole log; for the owner of this machine. */
function registerVerification(server: ApiServer, { catalog }: ApiOptions): void {
  const schema = {
    operationId: "verifyAudit",
    tags,
    summary: "Check that no entry of the audit log was altered or taken out, for the owner of this machine",
    response: answers({ 200: auditVerification }),
  };
  server.get(apiPaths.auditVerification, { schema }, async () => {
    const checked_at = new Date().toISOString();
    const [last] = await catalog.auditLog.list({ organizationId: "all", limit: 1 });
    const first_broken = (await catalog.auditLog.firstBroken()) ?? null;
    return { entry_count: last?.sequence ?? 0, first_broken, head_hash: last?.hash ?? "", checked_at };
  });
}

type AuditFields = Omit<z.output<typeof exportAuditQuery>, "format">;

/** The owner of this machine who names no organisation is asking about all of them, and about what belongs to none. */
function questionOf(request: FastifyRequest, fields: AuditFields): Omit<AuditQuestion, "limit"> {
  const isWholeInstall = fields.organization_id === undefined && grantOf(request).role === "machine";
  return {
    organizationId: isWholeInstall ? "all" : organizationOf(request),
    projectId: fields.project_id === undefined ? undefined : projectId(fields.project_id),
    actor: fields.actor,
    action: fields.action,
    targetId: fields.target_id,
    text: fields.q,
    from: fields.from === undefined ? undefined : new Date(fields.from),
    to: fields.to === undefined ? undefined : new Date(fields.to),
  };
}

type Page = (before: number | undefined) => Promise<readonly CatalogEntry[]>;

/** Page by page: an export of any length takes the memory of one page. */
async function sendExport(reply: FastifyReply, format: "jsonl" | "csv", page: Page): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    "content-type": format === "csv" ? "text/csv; charset=utf-8" : "application/jsonl; charset=utf-8",
    "content-disposition": `attachment; filename="weir-audit.${format}"`,
  });
  if (format === "csv") raw.write(csvLine(csvColumns.map(({ name }) => name)));
  try {
    await writePages(raw, format, page);
    raw.end();
  } catch (error) {
    // The answer has begun: what is missing must not look like an end.
    raw.destroy();
    throw error;
  }
}

async function writePages(raw: ServerResponse, format: "jsonl" | "csv", page: Page): Promise<void> {
  let before: number | undefined;
  do {
    const entries = await page(before);
    before = entries.length === exportPageSize ? entries.at(-1)?.sequence : undefined;
    const text = entries.map((entry) => lineOf(toEntry(entry), format)).join("");
    if (!raw.write(text) && !raw.destroyed) await Promise.race([once(raw, "drain"), once(raw, "close")]);
  } while (before !== undefined && !raw.destroyed);
}

function lineOf(entry: AuditEntry, format: "jsonl" | "csv"): string {
  return format === "jsonl" ? `${JSON.stringify(entry)}\n` : csvLine(csvColumns.map(({ read }) => read(entry)));
}

const csvColumns: readonly { readonly name: string; readonly read: (entry: AuditEntry) => string }[] = [
  { name: "sequence", read: ({ sequence }) => String(sequence) },
  { name: "time", read: ({ time }) => time },
  { name: "project_id", read: ({ project_id }) => project_id ?? "" },
  { name: "actor_kind", read: ({ actor }) => actor.kind },
  { name: "actor_id", read: ({ actor }) => actor.id },
  { name: "actor_name", read: ({ actor }) => actor.name },
  { name: "address", read: ({ actor }) => actor.address },
  { name: "action", read: ({ action }) => action },
  { name: "target_kind", read: ({ target }) => target.kind },
  { name: "target_id", read: ({ target }) => target.id },
  { name: "before", read: ({ before }) => (before === null ? "" : JSON.stringify(before)) },
  { name: "after", read: ({ after }) => (after === null ? "" : JSON.stringify(after)) },
  { name: "hash", read: ({ hash }) => hash },
];

function toEntry(entry: CatalogEntry): AuditEntry {
  const { actor } = entry;
  return {
    sequence: entry.sequence,
    id: entry.id,
    time: entry.time.toISOString(),
    organization_id: entry.organizationId,
    project_id: entry.projectId,
    actor: {
      kind: actor.kind,
      id: actor.id,
      name: actor.name,
      address: actor.address,
      user_agent: actor.userAgent,
    },
    action: entry.action,
    target: entry.target,
    before: entry.before,
    after: entry.after,
    hash: entry.hash,
  };
}
