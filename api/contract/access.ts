import type { apiPaths } from "./paths.ts";
import type { Action } from "./permissions.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Who may call a route. */
export type AccessRule =
  /** Everybody, without a credential. */
  | { readonly for: "anybody" }
  /** Whoever is known: what is answered is the caller's own. */
  | { readonly for: "caller" }
  /** People: sessions and access tokens, no keys. What is answered or changed is their own. */
  | { readonly for: "person" }
  /** The owner of this machine alone. */
  | { readonly for: "machine" }
  /** Whoever may do this on the project or the organisation that the request names. */
  | {
      readonly for: "action";
      readonly action: Action;
      readonly on: "project" | "organization";
      /**
       * What is read was captured: prompts, answers, log records. Each read is in the audit log. Figures tell of it where
       * they are asked of what has a text or an attribute in it.
       */
      readonly readsContent?: true | "by filter";
      /** The owner of this machine may name a project that is gone, whose data may not be. */
      readonly mayBeGone?: true;
    };

const anybody = { for: "anybody" } as const;
const caller = { for: "caller" } as const;
const person = { for: "person" } as const;
const machine = { for: "machine" } as const;
const onProject = (action: Action) => ({ for: "action", action, on: "project" }) as const;
const onOrganization = (action: Action) => ({ for: "action", action, on: "organization" }) as const;
const readsFigures = onProject("telemetry.read");
const readsFilteredFigures = { ...readsFigures, readsContent: "by filter" } as const;
const readsContent = { ...onProject("telemetry.read"), readsContent: true } as const;

/**
 * The rule of every route, by the name of its path and the method. A path without a line here does not type-check,
 * and a route without a rule keeps the server from starting.
 */
export const accessRules: Readonly<Record<keyof typeof apiPaths, Partial<Record<Method, AccessRule>>>> = {
  calls: { GET: readsContent },
  call: { GET: readsContent },
  traces: { GET: readsContent },
  tracesSearch: { POST: readsContent },
  trace: { GET: readsContent },
  // Its groups are whatever was captured.
  query: { POST: readsContent },
  logs: { GET: readsContent },
  queryLogs: { POST: readsContent },
  metrics: { GET: readsFigures },
  metric: { GET: readsFigures },
  queryMetric: { POST: readsFigures },
  metricsSummary: { GET: readsFilteredFigures },
  metricsTimeseries: { GET: readsFilteredFigures },
  metricsHeatmap: { GET: readsFilteredFigures },
  metricsBreakdown: { GET: readsFilteredFigures },
  live: { GET: readsFigures },
  projects: { GET: caller, POST: onOrganization("project.create") },
  project: {
    PATCH: onProject("project.update"),
    DELETE: { ...onProject("project.delete"), mayBeGone: true },
  },
  // Its own entry in the audit log says which part was read.
  projectExport: { GET: onProject("project.export") },
  projectRoles: { GET: onProject("member.read") },
  projectUser: { PUT: onProject("member.manage"), DELETE: onProject("member.manage") },
  projectTeam: { PUT: onProject("member.manage"), DELETE: onProject("member.manage") },
  deletions: { POST: onProject("telemetry.delete") },
  deletion: { GET: { ...onProject("telemetry.delete"), mayBeGone: true } },
  keys: { GET: onProject("key.manage"), POST: onProject("key.manage") },
  key: { DELETE: onProject("key.manage") },
  connections: { GET: onProject("connection.manage"), POST: onProject("connection.manage") },
  connection: { DELETE: onProject("connection.manage") },
  organizations: { GET: caller, POST: machine },
  organization: {
    GET: onOrganization("organization.read"),
    PATCH: onOrganization("organization.update"),
    DELETE: onOrganization("organization.delete"),
  },
  members: { GET: onOrganization("member.read") },
  member: { PATCH: onOrganization("member.manage"), DELETE: onOrganization("member.manage") },
  memberPasswordReset: { POST: onOrganization("member.manage") },
  invitations: { GET: onOrganization("member.manage"), POST: onOrganization("member.manage") },
  invitation: { DELETE: onOrganization("member.manage") },
  teams: { GET: onOrganization("member.read"), POST: onOrganization("member.manage") },
  team: { PATCH: onOrganization("member.manage"), DELETE: onOrganization("member.manage") },
  teamMember: { PUT: onOrganization("member.manage"), DELETE: onOrganization("member.manage") },
  identityProviders: {
    GET: onOrganization("identity_provider.manage"),
    POST: onOrganization("identity_provider.manage"),
  },
  identityProvider: { DELETE: onOrganization("identity_provider.manage") },
  audit: { GET: onOrganization("audit.read") },
  auditExport: { GET: onOrganization("audit.read") },
  // The chain goes through the entries of every organisation.
  auditVerification: { GET: machine },
  login: { POST: anybody },
  token: { POST: person },
  redeem: { POST: anybody },
  logout: { POST: anybody },
  signInLinks: { POST: machine },
  passwordResetLinks: { POST: machine },
  me: { GET: caller, PATCH: person },
  password: { POST: person },
  passwordReset: { POST: anybody },
  sessions: { GET: person },
  session: { DELETE: person },
  personalKeys: { GET: person, POST: person },
  personalKey: { DELETE: person },
  openInvitation: { POST: anybody },
  acceptInvitation: { POST: anybody },
  signInOptions: { GET: anybody },
  ssoStart: { GET: anybody },
  ssoCallback: { GET: anybody },
  ssoFinish: { GET: anybody },
  samlResponse: { POST: anybody },
  samlMetadata: { GET: anybody },
  masterKeyRotation: { POST: machine },
  storage: { GET: machine },
  install: { GET: caller },
};
