import { CodedError } from "@weir/model";
import type { Command } from "commander";
import type { ApiAccess, ApiClient } from "./api-client.ts";
import { collectEvidence } from "./evidence.ts";
import { type Terminal, table } from "./terminal.ts";

interface Link {
  path: string;
  expires_at: string;
}

interface Member {
  user_id: string;
  email: string;
  name: string;
  role: string | null;
  source: string;
}

interface AuditEntry {
  time: string;
  actor: { kind: string; name: string };
  action: string;
  target: { kind: string; id: string };
}

type Client = () => Promise<ApiClient>;
type Access = () => Promise<ApiAccess>;

/** Adds the commands for organisations, their people, and the audit log. */
export function addPeopleCommands(program: Command, client: Client, access: Access, terminal: Terminal): void {
  const printLink = async ({ path, expires_at }: Link) => {
    terminal.print(new URL(path, (await access()).baseUrl).href);
    terminal.print(`Works once, until ${expires_at}.`);
  };
  addOrganizationCommands(program.command("organization").description("organisations"), client, terminal);
  addUserCommands(program.command("user").description("people and their roles"), client, terminal, printLink);
  program
    .command("secrets")
    .description("the secrets that Weir holds")
    .command("rotate")
    .description("seal all of them anew with a new master key, or with the first of those that Weir is given")
    .action(async () => {
      const rotation = await (await client()).post<Rotation>("/api/v1/secrets/rotate", {});
      for (const line of rotationLines(rotation)) terminal.print(line);
    });
  addAuditCommands(program, client, terminal);
}

interface Verification {
  readonly entry_count: number;
  readonly first_broken: number | null;
  readonly head_hash: string;
}

function addAuditCommands(program: Command, client: Client, terminal: Terminal): void {
  const audit = program
    .command("audit")
    .description("who did what to what, newest first")
    .option("--search <text>", "in names, actions, targets and values")
    .option("--limit <n>", "how many", "50")
    .action(async ({ search, limit }: { search?: string; limit: string }) => {
      const { data } = await (await client()).get<{ data: AuditEntry[] }>("/api/v1/audit", { q: search, limit });
      const rows = data.map(({ time, actor, action, target }) => {
        return [time, actor.name || actor.kind, action, `${target.kind} ${target.id}`];
      });
      for (const line of table(["TIME", "WHO", "ACTION", "TARGET"], rows)) terminal.print(line);
    });
  audit
    .command("verify")
    .description("check that no entry was altered or taken out")
    .action(async () => {
      const found = await (await client()).get<Verification>("/api/v1/audit/verification");
      if (found.first_broken !== null) throw brokenAt(found.first_broken);
      terminal.print(`${found.entry_count} entries are as they were written. The last one's hash: ${found.head_hash}`);
    });
  program
    .command("evidence")
    .description("write down who has access to what, how long data lives, and the audit log; see docs/soc2.md")
    .requiredOption("--to <folder>", "a new folder, or an empty one")
    .action(async ({ to }: { to: string }) => {
      const { files, firstBroken } = await collectEvidence(await client(), to);
      terminal.print(`Written to ${to}: ${files.join(", ")}.`);
      if (firstBroken !== null) throw brokenAt(firstBroken);
    });
}

function brokenAt(sequence: number): CodedError {
  return new CodedError("CONFLICT", `Entry ${sequence} of the audit log was altered, or one before it is missing.`);
}

function addOrganizationCommands(organization: Command, client: Client, terminal: Terminal): void {
  organization
    .command("create <name>")
    .option("--id <id>", "its id; made up unless given")
    .action(async (name: string, options: { id?: string }) => {
      const made = await (await client()).post<{ id: string }>("/api/v1/organizations", { name, id: options.id });
      terminal.print(
        `Organisation ${made.id}. Invite its first owner: weir user invite <email> -o ${made.id} --role owner`,
      );
    });
  organization.command("list").action(async () => {
    const { data } = await (await client()).get<{ data: { id: string; name: string }[] }>("/api/v1/organizations");
    const rows = data.map(({ id, name }) => [id, name]);
    for (const line of table(["ID", "NAME"], rows)) terminal.print(line);
  });
}

function addUserCommands(
  user: Command,
  client: Client,
  terminal: Terminal,
  printLink: (link: Link) => Promise<void>,
): void {
  const path = (organization: string, rest: string) =>
    `/api/v1/organizations/${encodeURIComponent(organization)}/${rest}`;
  user
    .command("list")
    .option("-o, --organization <id>", "of this organisation", "default")
    .action(async ({ organization }: { organization: string }) => {
      const { data } = await (await client()).get<{ data: Member[] }>(path(organization, "members"));
      const rows = data.map((each) => [each.user_id, each.email, each.role ?? "by project only", each.source]);
      for (const line of table(["ID", "ADDRESS", "ROLE", "BY"], rows)) terminal.print(line);
    });
  user
    .command("invite <email>")
    .description("print a link with which somebody joins")
    .option("-o, --organization <id>", "the organisation to join", "default")
    .option("--role <role>", "owner, admin, member or viewer", "member")
    .action(async (email: string, { organization, role }: { organization: string; role: string }) => {
      const body = { email, role };
      await printLink((await (await client()).post<{ link: Link }>(path(organization, "invitations"), body)).link);
    });
  user
    .command("reset-password <email>")
    .description("print a link with which somebody chooses a new password")
    .action(async (email: string) => {
      await printLink(await (await client()).post<Link>("/api/v1/auth/password-reset-links", { email }));
    });
}

interface Rotation {
  readonly resealed: number;
  readonly unreadable: number;
  /** Null: Weir made the new key. */
  readonly given_by: string | null;
}

function rotationLines({ resealed, unreadable, given_by }: Rotation): string[] {
  const lost = unreadable === 0 ? [] : [`${unreadable} could not be opened with any key: enter them again.`];
  if (given_by === null) return [`${resealed} secrets are sealed with the new master key. Back it up.`, ...lost];
  return [
    `${resealed} secrets are newly sealed with the first key of ${given_by}; older keys may be taken out of it, once every node has done without.`,
    "Weir cannot change a key that it is given: put a new one before the old one there, start Weir again, and rotate.",
    ...lost,
  ];
}
