import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { faultCases, faultSubjects } from "./testing/fault-cases.ts";

const page = new URL("../docs/gateway-faults.md", import.meta.url);

/** Judgements that need more than a script for each side: in which file, and words of the test's name. */
const otherTests: readonly (readonly [about: number, file: string, name: string])[] = [
  [1, "gateway/left-at-the-end.test.ts", "at the last event"],
  [1, "gateway/faults.test.ts", "1,000 streams whose clients leave midway"],
  [1, "e2e/gateway-leaks.test.ts", "clients that leave midway"],
  [
    2,
    "gateway/forward.test.ts",
    "a stream is asked for its usage, and the frame is kept from a client that did not ask",
  ],
  [2, "gateway/stream-usage.test.ts", "cut at every byte"],
  [3, "gateway/replay.test.ts", "cut at every byte"],
  [4, "gateway/forward.test.ts", "passes as it is, and a copy is read"],
  [4, "gateway/forward.test.ts", "a compressed bomb passes to the client and is not unpacked for the record"],
  [6, "gateway/forward.test.ts", "arrives byte for byte and is not held"],
  [7, "gateway/http1/message-reading.test.ts", "what is taken of broken requests is what Node takes too"],
  [8, "gateway/faults.test.ts", "a provider is spoken to over TLS, by its name"],
  [9, "gateway/forward.test.ts", "a burst over connections that idle out under it loses no call"],
  [10, "gateway/forward.test.ts", "a client that does not read holds the provider back"],
  [10, "gateway/forward.test.ts", "a provider that does not read holds the client back"],
  [10, "gateway/faults.test.ts", "a client that takes nothing for too long is given up"],
  [11, "gateway/forward.test.ts", "no connection"],
  [14, "gateway/faults.test.ts", "1,000 streams whose provider fails midway"],
  [14, "e2e/gateway-leaks.test.ts", "a provider that fails midway"],
  [14, "gateway/replay.test.ts", "broken off anywhere, what came is kept"],
  [15, "gateway/providers/streams.test.ts", "tool calls: "],
  [16, "gateway/providers/streams.test.ts", "Anthropic usage: "],
  [17, "gateway/providers/shapes.test.ts", "Gemini: thoughts, parallel calls, an image, cached and audio tokens"],
  [18, "gateway/faults.test.ts", "an upgrade to WebSocket is passed on, and then every byte both ways"],
  [18, "gateway/faults.test.ts", "a provider that refuses the upgrade is heard"],
  [18, "gateway/realtime/realtime-session.test.ts", "bytes pass as they are"],
  [18, "gateway/realtime/realtime-session.test.ts", "a real client with permessage-deflate"],
  [18, "gateway/realtime/realtime-session.test.ts", "in mid-response: what was said until then is kept"],
  [18, "gateway/realtime/websocket-messages.test.ts", "messages come out as they went in"],
  [20, "gateway/auth.test.ts", "no Weir key and no header meant for a gateway reaches the provider"],
  [20, "gateway/auth.test.ts", "a key in the query: "],
  [20, "e2e/secrets.test.ts", "what is secret is in no log, no answer and no file"],
  [21, "e2e/redaction.test.ts", "the gateway's calls"],
  [22, "gateway/forward.test.ts", "a role frame is no token"],
  [23, "server/metrics/exposition.test.ts", "past the limit of label sets everything is _OTHER"],
];

/** What is promised of a case, in a sentence. */
const promises: Readonly<Record<number, string>> = {
  1: "The provider is let go in both modes; the call is `cancelled`, never an error, with the usage told until then. A client that leaves after the stream's own last event has had it all: `ok`.",
  2: "Asked for where a vendor tells usage only then, and kept from a client that did not ask; every other byte is the provider's.",
  3: "Bytes pass as they come. They are read for the record at any line end, torn anywhere.",
  4: "Compressed bytes pass as they are; a copy is decoded, within a limit, as far as it goes.",
  5: "Answered by the gateway, not sent on; too large a body is refused before it is sent.",
  6: "Streamed, never held whole; what comes slowly goes up slowly.",
  7: "A request that two servers could read in two ways is refused with 400 before a byte of it is sent on.",
  8: "HTTP/1.1 is all that is offered and spoken. Another protocol is told at once from its first bytes.",
  9: "Sent once more only where the connection had served before, broke at once, and brought not a byte; never else.",
  10: "Each side's pace holds the other back.",
  11: "Connecting, the first byte, idleness of either side and the whole call have deadlines of their own (`gateway.timeouts`).",
  12: "Status, reason and every end-to-end header as they came.",
  13: "The provider's body, byte for byte; the gateway's own errors have its words and `x-weir-call-id`.",
  14: "The client's connection breaks as the provider's did: a cut never looks whole, no event is made up, nothing is tried again after the first byte. The record says `cut` (or `error` for an error within a 200) with what came.",
  15: "Never rewritten; told apart by index for the record.",
  16: "The last value wins, for each count by itself.",
  17: "Input includes what was cached, output what was thought, whatever the provider's own base.",
  18: "Frames pass byte for byte and are read beside that: session, text, usage, cost, errors.",
  19: "Keys have no limits and budgets yet; there is nothing to race.",
  20: "Keys meant for the gateway end there; a provider's key is in no record, log or metric.",
  21: "What is recorded is redacted before it is written; traffic is never changed.",
  22: "The first content, reasoning or tool call; not a role, not a ping.",
  23: "Label sets are bounded; what is over is `_OTHER`.",
};

function caseSection(about: number): string {
  const own = faultCases.filter((it) => it.about === about).map(({ name }) => `- ${name}`);
  const other = otherTests.filter((it) => it[0] === about).map(([, file, name]) => `- \`${file}\`: ${name.trim()}`);
  return `## ${about}. ${faultSubjects[about]}\n${promises[about]}\n\n${[...own, ...other].join("\n")}\n`;
}

/** `UPDATE_DOCS=1 node --test gateway/faults-page.test.ts` writes the page anew. */
function faultsPage(): string {
  return `# What goes wrong, and what the gateway does
Gateways are known to fail in 23 ways. For each: what Weir promises, and the tests that hold it to that. Lines without
a file are rows of \`gateway/testing/fault-cases.ts\`, played over bare sockets on both sides by
\`gateway/fault-cases.test.ts\` and judged three times: what the client saw, what the provider saw, what the record says.

A record's \`status\` is \`ok\`, \`error\` (an error was answered, with any status), \`cut\` (an answer began and did not come to its
end) or \`cancelled\` (the client left); its usage and content are what had been told until then.

${Object.keys(faultSubjects).map(Number).map(caseSection).join("\n").trimEnd()}
`;
}

test("docs/gateway-faults.md lists exactly the cases and their tests", () => {
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(page, faultsPage());
  assert.equal(readFileSync(page, "utf8"), faultsPage());
});

test("every test that the page names is there", () => {
  for (const [, file, name] of otherTests) {
    assert.ok(readFileSync(new URL(`../${file}`, import.meta.url), "utf8").includes(name), `${file}: ${name}`);
  }
});
