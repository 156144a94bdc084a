import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, test } from "node:test";
import { defaultOrganizationId } from "@weir/catalog";
import { defaultProjectId } from "@weir/model";
import { SignedXml } from "xml-crypto";
import { apiConfig } from "./config.ts";
import { startTestApi, type TestApi } from "./testing.ts";

/** A SAML provider of our own making: it signs what a real one signs. */
const keys = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const otherKeys = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const host = "weir.example.com";
const origin = `http://${host}`;

let api: TestApi;
let providerId = "";
before(async () => {
  api = await startTestApi();
  const made = await api.ask("/api/v1/organizations/default/identity-providers", {
    method: "POST",
    headers: { authorization: `Bearer ${api.keys.owner}`, "content-type": "application/json" },
    payload: JSON.stringify({
      kind: "saml",
      name: "Corporate",
      settings: { entry_point: "https://idp.example.com/sso", certificate: keys.publicKey },
      role_by_group: { engineers: "member", leads: "admin" },
    }),
  });
  assert.equal(made.status, 201, made.text);
  providerId = made.body.id;
});
after(() => api[Symbol.asyncDispose]());

interface Answer {
  readonly requestId: string;
  readonly email?: string;
  readonly groups?: readonly string[];
  readonly audience?: string;
  readonly isOld?: boolean;
}

function assertionOf({
  requestId,
  email = "eva@example.com",
  groups = ["engineers"],
  audience,
  isOld,
}: Answer): string {
  const base = `${origin}/api/v1/auth/sso/${providerId}`;
  const at = (offsetMs: number) => new Date(Date.now() + offsetMs - (isOld ? 3_600_000 : 0)).toISOString();
  const attribute = (name: string, values: readonly string[]) =>
    `<saml:Attribute Name="${name}">${values.map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`).join("")}</saml:Attribute>`;
  return `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_assertion" Version="2.0" IssueInstant="${at(0)}"><saml:Issuer>https://idp.example.com</saml:Issuer><saml:Subject><saml:NameID>${email}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData InResponseTo="${requestId}" Recipient="${base}/saml" NotOnOrAfter="${at(300_000)}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="${at(-60_000)}" NotOnOrAfter="${at(300_000)}"><saml:AudienceRestriction><saml:Audience>${audience ?? `${base}/metadata`}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="${at(0)}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>${attribute("email", [email])}${attribute("groups", groups)}</saml:AttributeStatement></saml:Assertion>`;
}

function responseOf(answer: Answer, privateKey: string | null = keys.privateKey): string {
  const assertion = privateKey === null ? assertionOf(answer) : signed(assertionOf(answer), privateKey);
  const xml = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_response" Version="2.0" IssueInstant="${new Date().toISOString()}" InResponseTo="${answer.requestId}" Destination="${origin}/api/v1/auth/sso/${providerId}/saml"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://idp.example.com</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>${assertion}</samlp:Response>`;
  return Buffer.from(xml).toString("base64");
}

function signed(xml: string, privateKey: string): string {
  const signature = new SignedXml({
    privateKey,
    canonicalizationAlgorithm: "http://www.w3.org/2001/10/xml-exc-c14n#",
    signatureAlgorithm: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
  });
  signature.addReference({
    xpath: "//*[local-name(.)='Assertion']",
    digestAlgorithm: "http://www.w3.org/2001/04/xmlenc#sha256",
    transforms: ["http://www.w3.org/2000/09/xmldsig#enveloped-signature", "http://www.w3.org/2001/10/xml-exc-c14n#"],
  });
  signature.computeSignature(xml, {
    location: { reference: "//*[local-name(.)='Issuer']", action: "after" },
  });
  return signature.getSignedXml();
}

const cookieOf = (headers: Record<string, unknown>, name: string) =>
  new RegExp(`${name}=[^;,]+`).exec(String(headers["set-cookie"]))?.[0] ?? "";

/** Goes to the provider as a browser does; gives what the provider and the browser then have. */
async function begin() {
  const { headers, status } = await api.ask(`/api/v1/auth/sso/${providerId}?next=/calls`, { headers: { host } });
  assert.equal(status, 302);
  const target = new URL(String(headers["location"]));
  assert.equal(target.origin, "https://idp.example.com");
  const relayState = target.searchParams.get("RelayState") ?? "";
  return { relayState, requestId: `_${relayState}`, cookie: cookieOf(headers, "weir_sso") };
}

async function post(response: string, relayState: string) {
  const answer = await api.ask(`/api/v1/auth/sso/${providerId}/saml`, {
    method: "POST",
    headers: { host, "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site" },
    payload: new URLSearchParams({ SAMLResponse: response, RelayState: relayState }).toString(),
  });
  return String(answer.headers["location"]);
}

test("a signed answer signs in, with the role of the greatest group, in the browser that asked alone", async () => {
  const { relayState, requestId, cookie } = await begin();
  const location = await post(responseOf({ requestId, groups: ["engineers", "leads"] }), relayState);
  assert.match(location, /\/finish\?token=/);
  const stranger = await api.ask(location, { headers: { host } });
  assert.match(String(stranger.headers["location"]), /failed=refused/);
  const finished = await api.ask(await post(responseOf({ requestId, groups: ["leads"] }), relayState), {
    headers: { host, cookie },
  });
  assert.equal(finished.headers["location"], "/ui/calls");
  const session = cookieOf(finished.headers, "weir_session");
  const { body } = await api.ask("/api/v1/auth/me", { headers: { cookie: session } });
  assert.equal(body.user.email, "eva@example.com");
  assert.deepEqual(
    body.organizations.map(({ id, role }: { id: string; role: string }) => [id, role]),
    [["default", "admin"]],
  );
});

test("the role follows the groups at each sign-in", async () => {
  const { relayState, requestId, cookie } = await begin();
  await api.ask(await post(responseOf({ requestId, groups: ["engineers"] }), relayState), {
    headers: { host, cookie },
  });
  const members = await api.catalog.members.list(defaultOrganizationId);
  assert.equal(members.find(({ email }) => email === "eva@example.com")?.role, "member");
});

test("what is not the provider's answer to our request signs nobody in", async () => {
  const { relayState, requestId } = await begin();
  const cases: Record<string, string> = {
    "an unsigned assertion": responseOf({ requestId }, null),
    "another's signature": responseOf({ requestId }, otherKeys.privateKey),
    "an answer to another request": responseOf({ requestId: "_another" }),
    "an assertion for another service": responseOf({ requestId, audience: "https://other.example" }),
    "an old assertion": responseOf({ requestId, isOld: true }),
    "an assertion that was changed after signing": Buffer.from(
      Buffer.from(responseOf({ requestId }), "base64").toString().replaceAll("eva@", "ana@"),
    ).toString("base64"),
    "no XML": "bm90IHhtbA==",
  };
  for (const [name, response] of Object.entries(cases)) {
    assert.match(await post(response, relayState), /^\/ui\/sign-in\?failed=/, name);
  }
});

test("nobody comes in without a group that has a role, nor into an account of another organisation", async () => {
  const { relayState, requestId } = await begin();
  assert.match(await post(responseOf({ requestId, groups: ["visitors"] }), relayState), /failed=refused/);
  const { id } = await api.catalog.organizations.create({ name: "Elsewhere" });
  const invited = await api.catalog.invitations.create({ organizationId: id, email: "zoe@example.com", role: "owner" });
  await api.catalog.invitations.accept(invited.token, { name: "Zoe", passwordHash: "none" });
  assert.match(await post(responseOf({ requestId, email: "zoe@example.com" }), relayState), /failed=refused/);
});

test("whom no group lets in any more is a member no longer, with sessions and keys", async () => {
  const { catalog } = api;
  const signIn = async (email: string, groups: string[]) => {
    const { relayState, requestId, cookie } = await begin();
    const { headers } = await api.ask(await post(responseOf({ requestId, email, groups }), relayState), {
      headers: { host, cookie },
    });
    return { cookie: cookieOf(headers, "weir_session") };
  };
  const isMember = async (email: string) =>
    (await catalog.members.list(defaultOrganizationId)).some((member) => member.email === email);
  const { cookie } = await signIn("ida@example.com", ["engineers"]);
  const user = await catalog.accounts.byEmail("ida@example.com");
  assert.ok(user);
  const key = await catalog.createApiKey({ projectId: defaultProjectId, userId: user.id, name: "k" });
  assert.equal((await api.ask("/api/v1/calls", { headers: { cookie } })).status, 200);
  assert.ok(catalog.current().apiKey(key.secret));

  const { relayState, requestId } = await begin();
  const refused = await post(responseOf({ requestId, email: "ida@example.com", groups: ["visitors"] }), relayState);
  assert.match(refused, /failed=refused/);
  assert.equal(await isMember("ida@example.com"), false);
  assert.equal((await api.ask("/api/v1/calls", { headers: { cookie } })).status, 401);
  assert.equal(catalog.current().apiKey(key.secret), undefined);
  const entries = await catalog.auditLog.list({ organizationId: defaultOrganizationId, targetId: user.id, limit: 2 });
  assert.deepEqual(
    entries.map(({ action }) => action),
    ["session.refuse", "member.remove"],
  );

  await signIn("ida@example.com", ["engineers"]);
  assert.equal(await isMember("ida@example.com"), true, "a group lets in again");
});

test("a provider that is taken away takes the sessions that it opened with it", async () => {
  const { catalog } = api;
  const sample = { kind: "oidc", name: "Short-lived", settings: {}, roleByGroup: {}, defaultRole: null } as const;
  const { id } = await catalog.identityProviders.create({ ...sample, organizationId: defaultOrganizationId });
  const user = await catalog.accounts.byEmail("eva@example.com");
  const place = { userId: user?.id ?? null, organizationId: defaultOrganizationId };
  const signedOn = await catalog.createSession({ ...place, method: "sso" });
  const byPassword = await catalog.createSession({ userId: user?.id ?? null, method: "password" });
  await catalog.identityProviders.delete(defaultOrganizationId, id);
  assert.equal(await catalog.sessionBySecret(signedOn.secret), undefined);
  assert.ok(await catalog.sessionBySecret(byPassword.secret));
});

test("an organisation can want single sign-on of all but its owners", async () => {
  const { catalog } = api;
  const invite = await catalog.invitations.create({
    organizationId: defaultOrganizationId,
    email: "pia@example.com",
    role: "member",
  });
  const payload = JSON.stringify({ token: invite.token, password: "a fine new password" });
  const headers = { "content-type": "application/json" };
  assert.equal((await api.ask("/api/v1/auth/invitations/accept", { method: "POST", headers, payload })).status, 200);
  await catalog.organizations.update(defaultOrganizationId, { passwordSignIn: "owners" });
  const login = async (email: string, password: string) =>
    (await api.ask("/api/v1/auth/login", { method: "POST", headers, payload: JSON.stringify({ email, password }) }))
      .status;
  assert.equal(await login("pia@example.com", "a fine new password"), 403);
  assert.equal(await login("pia@example.com", "wrong"), 401);
  assert.equal(await login("ana@example.com", "correct horse"), 200);

  const post = async (path: string, body: object) =>
    (await api.ask(`/api/v1/auth/${path}`, { method: "POST", headers, payload: JSON.stringify(body) })).status;
  const pia = await catalog.accounts.byEmail("pia@example.com");
  assert.ok(pia);
  const reset = await catalog.accounts.createPasswordReset(pia.id);
  assert.equal(await post("password-reset", { token: reset.token, password: "another fine password" }), 403);
  const wish = { organizationId: defaultOrganizationId, email: "tom@example.com", role: "admin" as const };
  const { token } = await catalog.invitations.create(wish);
  assert.equal(await post("invitations/accept", { token, password: "a fine new password" }), 403);
  assert.equal(await catalog.accounts.byEmail("tom@example.com"), undefined);
  await catalog.organizations.update(defaultOrganizationId, { passwordSignIn: "everyone" });
  assert.equal(await post("invitations/accept", { token, password: "a fine new password" }), 200);
});

test("the metadata names our addresses", async () => {
  const { text, headers } = await api.ask(`/api/v1/auth/sso/${providerId}/metadata`, { headers: { host } });
  assert.match(String(headers["content-type"]), /samlmetadata/);
  assert.ok(text.includes(`${origin}/api/v1/auth/sso/${providerId}/saml`));
});

test("with a public URL, a request's own name for this install counts for nothing", async () => {
  const publicUrl = "https://weir.example.org";
  await using named = await startTestApi({ config: apiConfig.parse({ publicUrl: `${publicUrl}/` }) });
  const settings = { entry_point: "https://idp.example.com/sso", certificate: keys.publicKey };
  const { id } = await named.catalog.identityProviders.create({
    ...({ kind: "saml", name: "Corporate", settings, roleByGroup: {}, defaultRole: "viewer" } as const),
    organizationId: defaultOrganizationId,
  });
  const base = `${publicUrl}/api/v1/auth/sso/${id}`;
  const { text } = await named.ask(`/api/v1/auth/sso/${id}/metadata`, { headers: { host: "evil.example" } });
  assert.ok(text.includes(`entityID="${base}/metadata"`), text);

  // What the provider signed for another service, whose operator passes it on and names that service as the host.
  const begun = await named.ask(`/api/v1/auth/sso/${id}`, { headers: { host: "evil.example" } });
  const relayState = new URL(String(begun.headers["location"])).searchParams.get("RelayState") ?? "";
  const answer = async (audience: string) => {
    const payload = new URLSearchParams({
      SAMLResponse: responseOf({ requestId: `_${relayState}`, audience }),
      RelayState: relayState,
    }).toString();
    const headers = { host: "evil.example", "content-type": "application/x-www-form-urlencoded" };
    const posted = await named.ask(`/api/v1/auth/sso/${id}/saml`, { method: "POST", headers, payload });
    return String(posted.headers["location"]);
  };
  assert.match(await answer(`https://evil.example/api/v1/auth/sso/${id}/metadata`), /failed=/);
  assert.match(await answer(`${base}/metadata`), /finish\?token=/);
});
