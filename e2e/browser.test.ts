import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { AxeBuilder } from "@axe-core/playwright";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { callsOfUser, newUser } from "./calls-api.ts";
import { Program, Weir } from "./weir-process.ts";

/** The web UI in a real browser, against real processes. */

let mock: Program;
let weir: Weir;
let browser: Browser;
let context: BrowserContext;
let page: Page;
const faults: string[] = [];

before(async () => {
  mock = await Program.start("demo/mock-provider.ts", "--pace", "0.2");
  weir = await Weir.start({ upstream: mock.url });
  browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
  context = await newContext({ colorScheme: "dark" });
  page = await context.newPage();
  page.on("pageerror", (error) => faults.push(error.stack ?? error.message));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
});
after(async () => {
  await browser?.close();
  await weir?.[Symbol.asyncDispose]();
  await mock?.[Symbol.asyncDispose]();
});

/** A browser of its own, as somebody else has it. */
async function newContext(options: BrowserContextOptions = {}): Promise<BrowserContext> {
  const made = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  made.setDefaultTimeout(60_000);
  return made;
}

async function call(user: string, prompt: string, stream = true): Promise<void> {
  const response = await fetch(`${weir.url}/openai/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer sk-browser-e2e", "x-weir-user": user },
    body: JSON.stringify({ model: "gpt-4o-mini", stream, messages: [{ role: "user", content: prompt }] }),
  });
  await response.text();
}

function signInLink(): string {
  const link = /http:\/\/\S+\/ui\/sign-in\?token=[\w-]+/.exec(weir.output)?.[0];
  assert.ok(link, "no sign-in link was printed");
  return link;
}

test("without a session the UI asks to sign in", async () => {
  await page.goto(`${weir.url}/ui`);
  await page
    .getByText(/sign in/i)
    .first()
    .waitFor();
});

test("the one-time link signs in, once", async () => {
  await page.goto(signInLink());
  await page.getByRole("navigation").first().waitFor();
  assert.ok(!page.url().includes("token="), "the token stays in the address");
  const stranger = await newContext();
  const other = await stranger.newPage();
  await other.goto(signInLink());
  await other.getByRole("alert").first().waitFor();
  await stranger.close();
});

test("an empty install shows how to send the first call, with its own address", async () => {
  await page.goto(`${weir.url}/ui/`);
  await page.getByText(weir.url).first().waitFor();
});

test("a call appears live, without a reload", async (context) => {
  await call(newUser(), "A first call, so that the list is there.", false);
  await page.goto(`${weir.url}/ui/calls`);
  await page.getByRole("grid", { name: "Calls" }).waitFor();
  await page.getByRole("button", { name: "Follow" }).click();
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const prompt = `Live call number ${round} of ${process.pid}`;
    // A call that comes alone, as somebody who tries it out makes it.
    await sleep(1200);
    await call(newUser(), prompt, false);
    const endedMs = performance.now();
    await page.getByText(prompt).first().waitFor();
    times.push(performance.now() - endedMs);
  }
  times.sort((a, b) => a - b);
  context.diagnostic(`seen after ${times.map((time) => time.toFixed(0)).join(", ")} ms`);
});

const prompt = "I was charged twice for my subscription this month. Can you fix it?";

test("a call's page shows the conversation, the cost and the TTFT", async () => {
  const user = newUser();
  await call(user, prompt);
  const [recorded] = await callsOfUser(weir, user);
  assert.ok(recorded);
  await page.goto(`${weir.url}/ui/calls/${recorded.span_id}`);
  await page.getByText(prompt).first().waitFor();
  await page
    .getByText(/The second charge should have been reduced/)
    .first()
    .waitFor();
  const text = (await page.locator("body").textContent()) ?? "";
  assert.match(text, /TTFT/);
  assert.match(text, /\$0\.000/);
  assert.match(text, /gpt-4o-mini/);
});

test("the search line narrows the list by the query language, says what is wrong, and is in the address", async () => {
  const user = newUser();
  await call(user, "A question about the zebra crossing.", false);
  await callsOfUser(weir, user);
  await page.goto(`${weir.url}/ui/calls`);
  await page.getByRole("grid", { name: "Calls" }).waitFor();
  const line = page.getByRole("combobox", { name: "Search" });
  await line.fill("mod");
  await page.getByRole("option", { name: /model:/ }).waitFor();
  await line.fill(`mdoel:gpt-4o-mini user:${user}`);
  await line.press("Enter");
  await page
    .getByRole("alert")
    .getByText(/There is no field/)
    .waitFor();
  assert.equal(await line.getAttribute("aria-invalid"), "true");
  const { violations } = await new AxeBuilder({ page }).include("main").analyze();
  assert.deepEqual(
    violations.map(({ id }) => id),
    [],
  );
  await page.getByRole("alert").getByRole("button").click();
  await page.getByText("zebra crossing").first().waitFor();
  assert.equal(new URL(page.url()).searchParams.get("filter"), `model:gpt-4o-mini user:${user}`);
  await line.fill(`user:${user} "zebra crossing" -status:ok`);
  await line.press("Enter");
  await page
    .getByText(/No calls/i)
    .first()
    .waitFor();
  await page.reload();
  assert.equal(await line.inputValue(), `user:${user} "zebra crossing" -status:ok`);
  await page.goto(`${weir.url}/ui/traces?filter=${encodeURIComponent(`user:${user} "zebra crossing"`)}`);
  await page.getByRole("grid", { name: "Traces" }).getByText("zebra crossing").first().waitFor();
});

/** One log record over OTLP; resolves once it can be read. */
async function log(record: Record<string, unknown>, message: string): Promise<void> {
  const attributes = [{ key: "service.name", value: { stringValue: "shop" } }];
  const logRecords = [{ timeUnixNano: `${Date.now()}000000`, body: { stringValue: message }, ...record }];
  const response = await fetch(`${weir.url}/v1/logs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords }] }] }),
  });
  assert.equal(response.status, 200, await response.text());
}

test("a log record appears live, is found by severity and words, and opens beside the list", async () => {
  await page.goto(`${weir.url}/ui/logs`);
  await page.getByText("No logs yet").waitFor();
  await page.getByText(`OTEL_EXPORTER_OTLP_ENDPOINT="${weir.url}"`).waitFor();
  await log({ severityNumber: 9, severityText: "INFO" }, "the cart holds three otters");
  const grid = page.getByRole("grid", { name: "Log records" });
  await grid.getByText("three otters").waitFor();
  const attributes = [{ key: "http.route", value: { stringValue: "/pay" } }];
  await log({ severityNumber: 17, severityText: "ERROR", attributes }, "the payment of otters failed");
  await page.getByRole("button", { name: "1 new record" }).click();
  await grid.getByText("payment of otters").waitFor();

  await page.getByRole("combobox", { name: "Least severity" }).selectOption("warn");
  await grid.getByText("three otters").waitFor({ state: "detached" });
  assert.equal(new URL(page.url()).searchParams.get("severity"), "warn");
  const line = page.getByRole("combobox", { name: "Search" });
  await line.fill("ser");
  await page.getByRole("option", { name: /service:/ }).waitFor();
  assert.equal(await page.getByRole("option", { name: /^model/ }).count(), 0);
  await line.fill('service:shop @http.route:/pay "otters failed"');
  await line.press("Enter");
  await grid.getByText("payment of otters").waitFor();
  await line.fill("service:another");
  await line.press("Enter");
  await page.getByText(/No log records in this range match/).waitFor();
  await page.getByRole("button", { name: "Clear the filters" }).click();
  await grid.getByText("three otters").waitFor();

  await grid.focus();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  const drawer = page.getByRole("complementary", { name: "Log record" });
  await drawer.getByText("/pay").waitFor();
  await page.keyboard.press("j");
  await drawer.getByText("three otters").waitFor();
  await page.reload();
  await drawer.getByText("three otters").waitFor();
  await page.goto(page.url().replace("/logs?", "/logs?severity=error&"));
  await drawer.getByText("three otters").waitFor();
  await page.keyboard.press("Escape");
  await drawer.waitFor({ state: "detached" });
});

test("a trace's page has its logs in a tab, and a record leads to its trace", async () => {
  const [recorded] = (await weir.json<{ data: { span_id: string; trace_id: string }[] }>("/api/v1/calls?limit=1")).data;
  assert.ok(recorded);
  const { trace_id: traceId, span_id: spanId } = recorded;
  await log({ traceId, spanId, severityNumber: 13 }, "a step of this very trace");
  // A page that is there before the record only says that there is a new one.
  await weir.until("stored", 60_000, async () => {
    const { data } = await weir.json<{ data: unknown[] }>(
      `/api/v1/logs?filter=${encodeURIComponent('"this very trace"')}`,
    );
    return data.length > 0;
  });
  await page.goto(`${weir.url}/ui/logs`);
  const grid = page.getByRole("grid", { name: "Log records" });
  await grid.getByText("this very trace").waitFor();
  await grid.getByRole("link", { name: "Trace" }).first().click();
  await page.getByRole("tree", { name: "Spans of the trace" }).waitFor();
  assert.ok(page.url().includes(traceId));
  await page.getByRole("tab", { name: /Logs/ }).click();
  await grid.getByText("this very trace").waitFor();
  assert.equal(await grid.getByText("otters").count(), 0);
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByRole("complementary", { name: "Log record" }).getByRole("link", { name: spanId }).click();
  await page.getByRole("complementary", { name: "Span" }).waitFor();
  await page.keyboard.press("]");
  await grid.waitFor();
  await page.keyboard.press("[");
  await page.getByRole("tree", { name: "Spans of the trace" }).waitFor();
});

test("overview shows figures and charts of what was sent", async () => {
  await page.goto(`${weir.url}/ui/`);
  await page.getByRole("img").first().waitFor();
  const text = (await page.locator("body").textContent()) ?? "";
  assert.match(text, /calls/i);
  assert.match(text, /gpt-4o-mini/);
});

test("a key is made, shown once and revoked", async () => {
  await page.goto(`${weir.url}/ui/settings/keys`);
  await page.getByRole("button", { name: "New key" }).click();
  const form = page.locator("form");
  await form.getByRole("textbox").first().fill("made in the browser");
  await form.locator('button[type="submit"]').click();
  const shown = page.getByText(/weir_[\w-]{43}/).first();
  await shown.waitFor();
  const secret = /weir_[\w-]{43}/.exec((await shown.textContent()) ?? "")?.[0] ?? "";
  const answered = await fetch(`${weir.url}/api/v1/calls`, { headers: { authorization: `Bearer ${secret}` } });
  assert.equal(answered.status, 200);
  await page.reload();
  await page.getByText("made in the browser").first().waitFor();
  assert.ok(!(await page.content()).includes(secret), "the secret is shown again");
});

test("somebody is invited by a link, makes an account, and sees what their role allows", async () => {
  await page.goto(`${weir.url}/ui/settings/people`);
  await page.getByRole("button", { name: "Invite" }).click();
  await page.getByRole("textbox", { name: "E-mail" }).fill("nora@example.com");
  await page.getByRole("combobox", { name: "Role" }).selectOption("viewer");
  await page.getByRole("button", { name: "Make the invitation" }).click();
  const link =
    (await page
      .getByText(/\/ui\/invitation\?token=/)
      .first()
      .textContent()) ?? "";
  await page.getByRole("button", { name: "I have copied it" }).click();
  await page.getByText("nora@example.com").first().waitFor();

  const stranger = await newContext();
  const other = await stranger.newPage();
  await other.goto(/http\S+/.exec(link)?.[0] ?? "");
  await other.getByRole("textbox", { name: "Your name" }).fill("Nora");
  await other.getByLabel("Choose a password").fill("1234567890");
  await other.getByRole("button", { name: "Accept" }).click();
  await other
    .getByRole("alert")
    .getByText(/simple pattern/)
    .waitFor();
  await other.getByLabel("Choose a password").fill("green river stones");
  await other.getByRole("button", { name: "Accept" }).click();
  await other.getByRole("navigation").first().waitFor();
  await other.goto(`${weir.url}/ui/settings/people`);
  await other.getByText("nora@example.com").first().waitFor();
  assert.equal(await other.getByRole("button", { name: "Invite" }).count(), 0);
  await other.goto(`${weir.url}/ui/settings/account`);
  await other.getByText("this one").waitFor();
  await stranger.close();

  const again = await (await newContext()).newPage();
  await again.goto(`${weir.url}/ui/sign-in`);
  await again.getByLabel("E-mail").fill("nora@example.com");
  await again.getByLabel("Password").fill("green river stones");
  await again.getByRole("button", { name: "Sign in" }).click();
  await again.getByRole("navigation").first().waitFor();
  await again.context().close();

  await page.goto(`${weir.url}/ui/settings/audit`);
  await page.getByRole("textbox", { name: "Search" }).fill("invitation.accept");
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await page.getByText("invitation.accept").first().waitFor();
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`no page has a fault that axe finds, in the ${colorScheme} theme`, async () => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const [recorded] = (await weir.json<{ data: { span_id: string }[] }>("/api/v1/calls?limit=1")).data;
    const [record] = (
      await weir.json<{ data: { id: string; time: string; trace_id: string }[] }>("/api/v1/logs?limit=1")
    ).data;
    const pages = [
      "",
      "calls",
      `calls/${recorded?.span_id}`,
      "traces",
      `traces/${record?.trace_id}?view=logs`,
      "logs",
      `logs?log=${record?.id}&log_time=${record?.time}`,
      "settings/connect",
      "settings/keys",
      "settings/providers",
      "settings/projects",
      "settings/people",
      "settings/single-sign-on",
      "settings/audit",
      "settings/account",
    ];
    const found: string[] = [];
    for (const path of pages) {
      await page.goto(`${weir.url}/ui/${path}`);
      await page.waitForLoadState("networkidle").catch(() => undefined);
      const { violations } = await new AxeBuilder({ page }).analyze();
      for (const { id, nodes } of violations) {
        found.push(
          `/ui/${path}: ${id}: ${nodes
            .slice(0, 3)
            .map(({ html }) => html.slice(0, 160))
            .join(" | ")}`,
        );
      }
    }
    assert.deepEqual(found, []);
  });
}

test("narrow screens show the calls without scrolling sideways", async () => {
  await page.setViewportSize({ width: 390, height: 800 });
  for (const path of ["/ui/", "/ui/calls", "/ui/traces", "/ui/logs"]) {
    await page.goto(weir.url + path);
    await page.waitForLoadState("networkidle").catch(() => undefined);
    const overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert.ok((overflow as number) <= 1, `${path} is ${overflow} px too wide`);
  }
});

test("nothing was thrown and nothing complained in the console", () => {
  assert.deepEqual(
    faults.filter((fault) => !/401|Failed to load resource/.test(fault)),
    [],
  );
});
