import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { personalSet, secretSet } from "./detectors/index.ts";
import { Redactor } from "./redactor.ts";
import { everything, examples, secretsAlone } from "./testing/examples.ts";

function redact(text: string, redactor = everything): string {
  return redactor.redactText(text, new Map()) ?? text;
}

test("every detector has an example", () => {
  assert.deepEqual(Object.keys(examples).sort(), [...secretSet, ...personalSet].map(({ name }) => name).sort());
});

/** What an example may stand in. `%` is the example. */
const surroundings = [
  "%",
  "It is % and that is that.",
  "Multi\nline\n%\ntext",
  "KEY=%",
  "é%é",
  '{"messages":[{"role":"user","content":"use %"}]}',
  '{"content":"line\\n%\\tmore \\"quoted\\""}',
  '{"arguments":"{\\"key\\":\\"%\\"}"}',
  '{"a":"{\\"b\\":\\"\\\\n%\\\\n\\"}"}',
  '["\\u003c%\\u003e"]',
  "(%)",
  "<%>",
  "`%`",
];

for (const [name, [before, secret, behind]] of Object.entries(examples)) {
  test(`${name} is taken out, wherever it stands`, () => {
    for (const surrounding of surroundings) {
      const isJson = surrounding.startsWith("{") || surrounding.startsWith("[");
      const escaped = isJson ? JSON.stringify(secret).slice(1, -1) : secret;
      const text = surrounding.replace("%", () => before + escaped + behind);
      const found = new Map<string, number>();
      const redacted = everything.redactText(text, found);
      assert.equal(
        redacted,
        surrounding.replace("%", () => `${before}[redacted:${name}]${behind}`),
        text,
      );
      assert.deepEqual([...found], [[name, 1]]);
      if (isJson) JSON.parse(redacted);
    }
  });
}

for (const text of [
  "A task-management-system, a risk-assessment-framework-2024, disk-usage-analyzer-v2 and desk-booking-0123456789.",
  "npm_config_registry, hf_hub_download, sk_learn_pipeline_with_scaler, fw_update_available_now",
  "from sklearn.model_selection import train_test_split as sk-learn-style-naming",
  randomUUID(),
  "chatcmpl-52998224725c0ffee0123456 and 65929970489ab, 4111111111111111a, run-11222333000181f",
  "0b3e4123-4567-8901-2340-12ab34cd56ef",
  "commit 023e1357a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4 and sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  `data:image/png;base64,${Buffer.from("not a key, but 200 bytes of something that a picture could be, again and again").toString("base64").repeat(9)}`,
  "https://example.com/path/to/some-long-article-title-with-words?utm_source=news&id=123456789",
  "bearer authentication/authorization is described in RFC 6750; basic internationalization helps",
  "The header is `Authorization: Bearer <token>`, the variable $OPENAI_API_KEY, the key `sk-...`.",
  'api_key="your-api-key-goes-in-here-please"',
  "postgres://localhost:5432/weir and http://user@host/ and git@github.com:weir/weir.git",
  '{"id":"chatcmpl-9x8c7v6b5n4m3a2s1d0f","created":1700000000,"logprob":-0.4111111111111111}',
  "time 12:30:45.123, version 1.2.3-beta.4, ratio 3.14159265358979, order 20240131-0001",
  "std::vector<std::string> a::b::c; Foo::Bar::Baz",
  "Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36",
  "00000000-0000-0000-0000-000000000000 1767323045123456789 1700000000123",
  '{"created":1763700000,"ts":1763700000123,"ns":1767323045123456789,"us":1763700000123456,"usage":{"prompt_tokens":123456789}}',
  "snowflakes 175928847299117063 1234567890123456789, call_4111111111111111 and toolu_5500005555555559",
  "2024-01-31T12:30:45.123456789Z 20240131T123045Z 20240131123045 20240101000159 20171124Z",
  "2301460000000000 3100000000000008 4100000000000000006, EAN 4006381333931 max 4611686018427387904 -9223372036854775808",
  "4bf92f3577b34da6a3ce929d0e0e4736 550e8400-e29b-41d4-a716-446655440000 aa:bb:cc:dd:ee:ff 00:1A:2B:3C:4D:5E",
  "$1,234.56 and 1.234,56 € and 12 345 678 kr; 48.8566140 -122.4194155 0.0123456789 1.2345678901234567",
  "@@ -1234567,12 +1234567,15 @@ +12345678 +1234567890 +100 200 300 +12 345 678 +0200 UTC+05:30",
  "numpy==1.26.4.0, version 1.2.3.4, Version: 1.2.3.4, ver. 1.2.3.4, pkg@1.2.3.4, 1.2.3.4-beta",
  "http://127.0.0.1:8080 0.0.0.0 255.255.255.0",
  "icon@2x.png logo@3x.webp style@media.min.css vue@next.js @scope/pkg@1.2.3 @username image@sha256:abcdef a%40b",
  "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore.",
]) {
  test(`nothing is taken out of: ${text.slice(0, 70)}`, () => assert.equal(redact(text), text));
}

for (const [text, wanted] of [
  ['{"card":4111111111111111}', '{"card":"[redacted:card_number]"}'],
  ["[ 4111111111111111 ,5]", '[ "[redacted:card_number]" ,5]'],
  ['{"a":"[4111111111111111]"}', '{"a":"[[redacted:card_number]]"}'],
  ['{"k":"\\u0073k-ant-api03-abcdefghijklmnop0123"}', '{"k":"[redacted:anthropic_key]"}'],
  ['{"k":"sk-ant-\\u0061pi03-abcdefghijklmnop0123"}', '{"k":"[redacted:anthropic_key]"}'],
  [
    '{"k":"{\\"k\\":\\"\\\\u0073k-ant-api03-abcdefghijklmnop0123\\"}"}',
    '{"k":"{\\"k\\":\\"[redacted:anthropic_key]\\"}"}',
  ],
  ['{"t":"grace\\u0040example.com"}', '{"t":"[redacted:email]"}'],
  ['{"a":"{\\"to\\":\\"grace\\\\u0040example.com\\"}"}', '{"a":"{\\"to\\":\\"[redacted:email]\\"}"}'],
  ['{"t":"\\u002B49 30 901820"}', '{"t":"[redacted:phone]"}'],
  ['{"ip":"10\\u002e0.0.1"}', '{"ip":"[redacted:ipv4]"}'],
  ['{"t":"\\u003cgrace@example.com\\u003e"}', '{"t":"\\u003c[redacted:email]\\u003e"}'],
  ['{"t":"to:\\ngrace@example.com\\n4111111111111111"}', '{"t":"to:\\n[redacted:email]\\n[redacted:card_number]"}'],
  ["https:\\/\\/x.io\\/?email=grace%2Bnavy%40example.com&a=1", "https:\\/\\/x.io\\/?email=[redacted:email]&a=1"],
  ["%7B%22to%22%3A%22grace%40example.com%22%7D", "%7B%22to%22%3A%22[redacted:email]%22%7D"],
  ["grace@example.com.Then", "[redacted:email]"],
  ["card,count\n4111111111111111,5", "card,count\n[redacted:card_number],5"],
  ["[4111111111111111,5]", '["[redacted:card_number]",5]'],
  ["4111.1111.1111.1111 and 3056 930902 5904", "[redacted:card_number] and [redacted:card_number]"],
  ["+1 (555) 234-5678, (555) 234-5678", "[redacted:phone], [redacted:phone]"],
  ["ip=10.1.2.3:8080 10.1.2.3/24", "ip=[redacted:ipv4]:8080 [redacted:ipv4]/24"],
  ["11222333000181 11.222.333/0001-81", "[redacted:br_cnpj] [redacted:br_cnpj]"],
  ["mysql:\\/\\/root:hunter22@db", "mysql:\\/\\/root:[redacted:url_password]@db"],
  ["to BE68 5390 0754 7034 IBAN please", "to [redacted:iban] IBAN please"],
  ["+49 30 901820 2024-05-01 12:00", "[redacted:phone]-05-01 12:00"],
  ["+49 30/901820", "[redacted:phone]"],
  ["+49 (0)30 901820", "[redacted:phone]"],
  ["write to info@müller-söhne.de, or to", "write to [redacted:email], or to"],
  ["联系 grace@example.com，谢谢", "联系 [redacted:email]，谢谢"],
  ['{"a":"\\fab1:2::4"}', '{"a":"\\f[redacted:ipv6]"}'],
  [`-----BEGIN ${"PRIVATE"} KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj`, "[redacted:private_key]"],
] as const) {
  test(`${text.slice(0, 60)} becomes ${wanted}`, () => assert.equal(redact(text), wanted));
}

test("a secret across any border of chunks is found in what they add up to", () => {
  const [, secret] = examples["openai_key"] ?? ["", "", ""];
  const text = `Use ${secret} for it.`;
  for (let cut = 0; cut <= text.length; cut++) {
    const whole = Buffer.concat([Buffer.from(text.slice(0, cut)), Buffer.from(text.slice(cut))]);
    assert.equal(
      secretsAlone.redact(whole, 0, whole.length, new Map())?.toString(),
      "Use [redacted:openai_key] for it.",
    );
  }
});

test("personal data stays by default, and in identifiers", () => {
  const text = "grace@example.com +49 30 901820";
  assert.equal(redact(text, secretsAlone), text);
  assert.equal(everything.redactText(text, new Map(), true), undefined);
});

test("patterns of the user's own see JSON's text without its escapes", () => {
  const redactor = new Redactor({
    detectors: new Set(),
    patterns: [{ name: "quoted_name", pattern: 'customer "[^"]+"' }],
  });
  const json = JSON.stringify({ text: 'for customer "Grände & Co", please' });
  assert.deepEqual(JSON.parse(redact(json, redactor)), { text: "for [redacted:quoted_name], please" });
  assert.equal(redact('a customer "x" b', redactor), "a [redacted:quoted_name] b");
});

const secrets = Object.values(examples).map(([before, secret, behind]) => before + secret + behind);
const pieces = fc.oneof(
  fc.constantFrom(...secrets),
  fc.constantFrom(...secrets).map((text) => JSON.stringify(text)),
  fc.string({ maxLength: 30 }),
  fc.string({ maxLength: 20, unit: "binary" }),
  fc.constantFrom('"', "\\", "\\n", "\\u0073", "{", "[", "-----BEGIN PRIVATE KEY-----", "Bearer ", "://", "@", "sk-"),
);

test("whatever the text, redacting does not fail, and what comes out has nothing to redact", () => {
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const once = redact(parts.join(""));
      assert.equal(redact(once), once);
    }),
    { numRuns: 500 },
  );
});

test("JSON stays JSON, and what is not redacted stays equal", () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 3 }),
      fc.array(pieces, { maxLength: 4 }),
      fc.nat(9999),
      (value, parts, number) => {
        const redacted = JSON.parse(redact(JSON.stringify({ kept: "plain", number, value, text: parts.join(" ") })));
        assert.equal(redacted.kept, "plain");
        assert.equal(redacted.number, number);
      },
    ),
    { numRuns: 500 },
  );
});

test("any bytes are taken", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      everything.redact(Buffer.from(bytes), 0, bytes.length, new Map());
    }),
  );
});

/** Texts on which a careless pattern takes time in proportion to the square of their length, or worse. */
const hostile = [
  "a",
  "1",
  "a.",
  "1.",
  "-",
  "@",
  "a@",
  "sk-",
  "sk-a-",
  "eyJ",
  "eyJaaaaaaaaaaaaaaa.",
  "1:",
  "a1 ",
  "+1 (",
  "://a:",
  "Bearer ",
  "-----BEGIN PRIVATE KEY-----",
  "\\u0073",
  '"',
  '{"',
  "\\u0040",
  "a%40",
  "a@b.",
  "DE12 ",
  "12-",
];

test("hostile texts of a megabyte are gone through in steps that grow with their length alone", () => {
  for (const piece of hostile) {
    const text = Buffer.from(piece.repeat(Math.ceil((1 << 20) / piece.length)));
    const found = new Map<string, number>();
    everything.redact(text, 0, text.length, found);
  }
});
