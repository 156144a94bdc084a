import type { Detector } from "./detector.ts";

/**
 * A key or token that is known by how it begins, or by what stands before it. Every match has at least
 * `leastRun` token bytes (letters, digits, `_-+/`) in a row: that is how the scan finds it.
 */
export interface SecretDetector extends Detector {
  /** Literals of at least two bytes, one of which begins every match; no letter or digit stands before them. */
  readonly starts?: readonly string[];
  /** Literals, one of which stands right before every match, which then begins a run. Their case does not matter. */
  readonly after?: readonly string[];
  /**
   * Sticky. Where it has a group, the group ends the match and is what is redacted. Quantifiers do not nest: matching
   * takes time in proportion to the text.
   */
  readonly pattern: RegExp;
  /** Of a fixed length: no match where further letters or digits follow. */
  readonly isExact?: boolean;
  /** What a pattern cannot say. */
  readonly isValid?: (text: string) => boolean;
}

/** What stands before the first line of a PEM's body: line ends as they are, and as JSON, once and twice, writes them. */
const pemBodyStarts = ["key-----", "key block-----"].flatMap((end) =>
  ["\n", "\r\n", " ", "\\", "\\r\\", "\\\\", "\\\\r\\\\"].map((lineEnd) => end + lineEnd),
);
const encryptedPemStarts = ["aes-128-cbc,", "aes-192-cbc,", "aes-256-cbc,", "des-ede3-cbc,", "des-cbc,"];

/** From the first line of PEM to the last; `secret-scan.ts` finds where they are. */
export const privateKey: SecretDetector = {
  name: "private_key",
  meaning: "Private keys in PEM.",
  after: [...pemBodyStarts, ...encryptedPemStarts],
  pattern: /[A-Za-z0-9+/]{15,}/y,
};

/** What stands between a name and its value: in headers, URLs, code, JSON, and JSON in JSON. */
const separators = ["=", ":", ": ", '":"', '": "', '="', "='", ' = "', " = '", '\\":\\"', '\\": \\"'];

/** Token bytes in a row that every secret has. */
export const leastRun = 15;

/**
 * Keys and tokens of known vendors. The shapes are those that the vendors document and that scanners of repositories
 * agree on. The first row that matches at a place wins, so that the narrower come before the wider.
 */
export const secretDetectors: readonly SecretDetector[] = [
  privateKey,
  // Model providers and tools around them.
  row("anthropic_key", "Anthropic", ["sk-ant-"], /sk-ant-[\w-]{16,}/y),
  row("openrouter_key", "OpenRouter", ["sk-or-"], /sk-or-(?:v\d-)?[\w-]{16,}/y),
  row("langfuse_key", "Langfuse", ["sk-lf-"], /sk-lf-[\w-]{16,}/y),
  row("stripe_key", "Stripe", ["sk_", "rk_"], /[sr]k_(?:live|test|prod)_[A-Za-z0-9]{10,}/y),
  row("elevenlabs_key", "ElevenLabs", ["sk_"], /sk_[a-f0-9]{48}/y, { isExact: true }),
  row(
    "openai_key",
    "OpenAI, DeepSeek and others that write `sk-…`",
    ["sk-"],
    /sk-(?:[A-Za-z0-9]{2,12}-){0,2}(?=[\w-]{0,64}\d)[A-Za-z0-9_]{16,}[\w-]*|sk-(?:proj|svcacct|admin)-[\w-]{16,}/y,
  ),
  row("google_api_key", "Google, Gemini", ["AIza"], /AIza[\w-]{35}/y, { isExact: true }),
  row("google_oauth_secret", "Google OAuth", ["GOCSPX-"], /GOCSPX-[\w-]{24,}/y),
  { ...row("google_access_token", "Google OAuth", [], /[\w-]{20,}/y), after: ["ya29."] },
  row("groq_key", "Groq", ["gsk_"], /gsk_[A-Za-z0-9]{20,}/y),
  row("xai_key", "xAI", ["xai-"], /xai-[\w-]{20,}/y),
  row("huggingface_token", "Hugging Face", ["hf_", "api_org_"], /(?:hf|api_org)_[A-Za-z0-9]{20,}/y),
  row("perplexity_key", "Perplexity", ["pplx-"], /pplx-[A-Za-z0-9]{32,}/y),
  row("replicate_token", "Replicate", ["r8_"], /r8_[A-Za-z0-9]{30,}/y),
  row("nvidia_key", "NVIDIA", ["nvapi-"], /nvapi-[\w-]{30,}/y),
  row("fireworks_key", "Fireworks", ["fw_"], /fw_(?=[A-Za-z]*\d)[A-Za-z0-9]{20,}/y),
  row("cerebras_key", "Cerebras", ["csk-"], /csk-[A-Za-z0-9]{32,}/y),
  row("together_key", "Together", ["tgp_v1_"], /tgp_v1_[\w-]{30,}/y),
  row("voyage_key", "Voyage", ["pa-"], /pa-[\w-]{43}/y, { isExact: true }),
  row(
    "langsmith_key",
    "LangSmith",
    ["lsv2_", "ls__"],
    /(?:lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}|ls__[a-f0-9]{32})/y,
  ),
  row("weir_key", "Weir's own", ["weir_"], /weir_[\w-]{30,}/y),
  // Clouds.
  row("aws_access_key_id", "AWS", ["AKIA", "ASIA", "ABIA", "ACCA"], /A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}/y, {
    isExact: true,
  }),
  row(
    "aws_secret_key",
    "AWS, where its name is told",
    ["secret_access_key", "SECRET_ACCESS_KEY", "SecretAccessKey", "secretAccessKey", "awsSecretAccessKey"],
    /(?:secret_access_key|SECRET_ACCESS_KEY|(?:aws)?[Ss]ecretAccessKey)["'`\\\s:=>]{1,12}([A-Za-z0-9/+]{40})/y,
    { isExact: true },
  ),
  row(
    "aws_bedrock_key",
    "Amazon Bedrock",
    ["ABSK", "bedrock-api-key-"],
    /(?:ABSK|bedrock-api-key-)[A-Za-z0-9+/]{40,}={0,2}/y,
  ),
  {
    ...row("azure_storage_key", "Azure connection strings", [], /[A-Za-z0-9+/]{40,88}={0,2}/y),
    after: ["AccountKey=", "AccessKey="],
  },
  {
    ...row("azure_sas", "Azure shared access signatures", [], /[A-Za-z0-9+/%]{40,}={0,2}/y),
    after: ["&sig=", "?sig="],
  },
  row("digitalocean_token", "DigitalOcean", ["dop_v1_", "doo_v1_", "dor_v1_"], /do[opr]_v1_[a-f0-9]{64}/y, {
    isExact: true,
  }),
  row("databricks_token", "Databricks", ["dapi"], /dapi[a-f0-9]{32}(?:-\d)?/y, { isExact: true }),
  row("alibaba_key_id", "Alibaba Cloud", ["LTAI"], /LTAI[A-Za-z0-9]{16,26}/y, { isExact: true }),
  row("heroku_key", "Heroku", ["HRKU-"], /HRKU-[\w-]{30,}/y),
  row("supabase_key", "Supabase", ["sbp_", "sb_secret_"], /(?:sbp_[a-f0-9]{40}|sb_secret_[\w-]{20,})/y),
  row("planetscale_token", "PlanetScale", ["pscale_"], /pscale_(?:tkn|pw|oauth)_[\w.=-]{32,}/y),
  row("fly_token", "Fly.io", ["fo1_", "fm2_"], /(?:fo1_[\w-]{43}|fm2_[A-Za-z0-9+/]{100,}={0,3})/y),
  { ...row("vault_token", "HashiCorp Vault", [], /[\w-]{24,}/y), after: ["hvs.", "hvb.", "hvr."] },
  { ...row("terraform_token", "Terraform Cloud", [], /[\w=-]{60,}/y), after: [".atlasv1."] },
  // Code and packages.
  row("github_token", "GitHub", ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], /gh[pousr]_[A-Za-z0-9]{36,}/y),
  row("github_fine_grained_token", "GitHub", ["github_pat_"], /github_pat_\w{40,}/y),
  row(
    "gitlab_token",
    "GitLab",
    ["glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "glsoat-", "glft-", "glimt-", "glagent-"],
    /gl(?:pat|dt|rt|ptt|cbt|soat|ft|imt|agent)-[\w-]{20,}/y,
  ),
  row("npm_token", "npm", ["npm_"], /npm_[A-Za-z0-9]{36}/y, { isExact: true }),
  row("pypi_token", "PyPI", ["pypi-"], /pypi-AgE[\w-]{50,}/y),
  row("rubygems_key", "RubyGems", ["rubygems_"], /rubygems_[a-f0-9]{48}/y, { isExact: true }),
  row("docker_token", "Docker Hub", ["dckr_pat_", "dckr_oat_"], /dckr_[po]at_[\w-]{24,}/y),
  row("postman_key", "Postman", ["PMAK-"], /PMAK-[a-f0-9]{24}-[a-f0-9]{34}/y, { isExact: true }),
  row("linear_key", "Linear", ["lin_api_"], /lin_api_[A-Za-z0-9]{40}/y, { isExact: true }),
  row("notion_token", "Notion", ["ntn_"], /ntn_[A-Za-z0-9]{40,}/y),
  row("atlassian_token", "Atlassian", ["ATATT3"], /ATATT3[\w=-]{60,}/y),
  row("figma_token", "Figma", ["figd_"], /figd_[\w-]{36,}/y),
  row("age_key", "age", ["AGE-SECRET-KEY-1"], /AGE-SECRET-KEY-1[A-Z0-9]{58}/y, { isExact: true }),
  row("onepassword_token", "1Password", ["ops_eyJ"], /ops_eyJ[\w+/]{100,}={0,3}/y),
  { ...row("doppler_token", "Doppler", [], /[A-Za-z0-9]{40,44}/y, { isExact: true }), after: ["dp.pt.", "dp.st."] },
  // Messages and mail.
  row(
    "slack_token",
    "Slack",
    ["xoxb-", "xoxa-", "xoxp-", "xoxr-", "xoxs-", "xoxe-", "xapp-"],
    /x(?:ox[abprse]|app)-[\w-]{16,}/y,
  ),
  {
    ...row("slack_webhook", "Slack", [], /(?:com\/)?(?:services|workflows|triggers)\/([\w/+-]{20,})/y),
    after: ["hooks.slack."],
  },
  row("discord_webhook", "Discord", ["api/webhooks/"], /api\/webhooks\/\d{15,21}\/([\w-]{50,})/y),
  {
    ...row("discord_token", "Discord", [], /(?<=[MNO][\w-]{23,27}\.[\w-]{6}\.)[\w-]{27,}/y),
    after: ["."],
  },
  {
    ...row("telegram_token", "Telegram", [], /(?<=\d{8,10}:)AA[\w-]{33}/y, { isExact: true }),
    after: [":"],
  },
  row("twilio_key", "Twilio", ["SK"], /SK[0-9a-f]{32}/y, { isExact: true }),
  { ...row("sendgrid_key", "SendGrid", [], /[\w-]{16,32}\.[\w-]{16,64}/y), after: ["SG."] },
  row("mailgun_key", "Mailgun", ["key-"], /key-[0-9a-f]{32}/y, { isExact: true }),
  row("brevo_key", "Brevo", ["xkeysib-"], /xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}/y, { isExact: true }),
  // Money, shops, monitoring.
  row("stripe_webhook_secret", "Stripe", ["whsec_"], /whsec_[A-Za-z0-9+/]{24,}={0,2}/y),
  row("square_token", "Square", ["sq0atp-", "sq0csp-", "EAAA"], /(?:sq0(?:atp|csp)-[\w-]{22,}|EAAA[\w-]{60})/y, {
    isExact: true,
  }),
  row("shopify_token", "Shopify", ["shpat_", "shpca_", "shppa_", "shpss_"], /shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}/y, {
    isExact: true,
  }),
  row("newrelic_key", "New Relic", ["NRAK-"], /NRAK-[A-Z0-9]{27}/y, { isExact: true }),
  row(
    "grafana_token",
    "Grafana",
    ["glsa_", "glc_"],
    /(?:glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|glc_[A-Za-z0-9+/]{32,}={0,2})/y,
  ),
  row("sentry_token", "Sentry", ["sntrys_", "sntryu_"], /sntry[su]_[\w=+/-]{40,}/y),
  row("facebook_token", "Facebook", ["EAAC", "EAAM"], /EAA[CM][A-Za-z0-9]{100,}/y),
  // Whoever issued them.
  row("jwt", "JSON Web Tokens", ["eyJ"], /eyJ[\w-]{10,}\.eyJ[\w-]{8,}\.[\w-]{10,}/y),
  {
    ...row("bearer_token", "What stands behind `Bearer`", [], /[\w.~+/-]{16,}={0,2}/y, { isValid: hasLetterAndDigit }),
    after: ["bearer "],
  },
  {
    ...row("api_key", "What is said to be an API key: Azure, Mistral, Cohere …", [], /[\w-]{20,}/y, {
      isValid: hasLetterAndDigit,
    }),
    after: ["api-key", "api_key", "apikey"].flatMap((name) => separators.map((separator) => name + separator)),
  },
  {
    ...row("basic_credentials", "What stands behind `Basic`", [], /[A-Za-z0-9+/]{15,}={0,2}/y, {
      isValid: isUserAndPassword,
    }),
    after: ["basic "],
  },
];

/** Found by its `@`; see `secret-scan.ts`. */
export const urlPassword: Detector = {
  name: "url_password",
  meaning: "The password of `scheme://user:password@host`.",
};

function row(
  name: string,
  vendor: string,
  starts: readonly string[],
  pattern: RegExp,
  more: Pick<SecretDetector, "isExact" | "isValid"> = {},
): SecretDetector {
  return { name, meaning: `${vendor}.`, ...(starts.length > 0 && { starts }), pattern, ...more };
}

function hasLetterAndDigit(text: string): boolean {
  return /\d/.test(text) && /[A-Za-z]/.test(text);
}

/** Basic credentials are Base64 of `user:password`. */
function isUserAndPassword(text: string): boolean {
  const decoded = Buffer.from(text, "base64").toString("latin1");
  return /^[\x20-\x7e]*:[\x20-\x7e]*$/.test(decoded);
}
