import { personalSet, secretSet } from "../detectors/index.ts";
import { Redactor } from "../redactor.ts";

const letters = "aB3dE5fG7hJ9kLmN1pQrS2tUvW4xYz6A8cD0";
const hexes = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
/** So many letters and digits. */
const mixed = (length: number) => letters.repeat(Math.ceil(length / letters.length)).slice(0, length);
const hex = (length: number) => hexes.repeat(Math.ceil(length / hexes.length)).slice(0, length);
const capitals = (length: number) => mixed(length).toUpperCase();

/**
 * For each detector a text before, what is to be taken out, and a text behind. Put together here, so that no scanner of
 * repositories takes this file for a leak.
 */
export const examples: Readonly<Record<string, readonly [before: string, secret: string, behind: string]>> = {
  anthropic_key: ["", `sk-ant-api03-${mixed(93)}AA`, ""],
  openrouter_key: ["", `sk-or-v1-${hex(64)}`, ""],
  langfuse_key: ["", `sk-lf-${hex(8)}-${hex(4)}-${hex(12)}`, ""],
  stripe_key: ["", `sk_live_${mixed(24)}`, ""],
  elevenlabs_key: ["", `sk_${hex(48)}`, ""],
  openai_key: ["", `sk-proj-${mixed(40)}`, ""],
  google_api_key: ["", `AIza${mixed(35)}`, ""],
  google_oauth_secret: ["", `GOCSPX-${mixed(28)}`, ""],
  google_access_token: ["ya29.", mixed(60), ""],
  groq_key: ["", `gsk_${mixed(52)}`, ""],
  xai_key: ["", `xai-${mixed(80)}`, ""],
  huggingface_token: ["", `hf_${mixed(34)}`, ""],
  perplexity_key: ["", `pplx-${mixed(48)}`, ""],
  replicate_token: ["", `r8_${mixed(37)}`, ""],
  nvidia_key: ["", `nvapi-${mixed(64)}`, ""],
  fireworks_key: ["", `fw_${mixed(24)}`, ""],
  cerebras_key: ["", `csk-${mixed(48)}`, ""],
  together_key: ["", `tgp_v1_${mixed(43)}`, ""],
  voyage_key: ["", `pa-${mixed(43)}`, ""],
  langsmith_key: ["", `lsv2_pt_${hex(32)}_${hex(10)}`, ""],
  weir_key: ["", `weir_${mixed(43)}`, ""],
  aws_access_key_id: ["", `AKIA${capitals(16)}`, ""],
  aws_secret_key: ["aws_secret_access_key = ", `${mixed(20)}/${mixed(18)}+`, ""],
  aws_bedrock_key: ["", `ABSK${mixed(120)}=`, ""],
  azure_storage_key: ["AccountName=a;AccountKey=", `${mixed(86)}==`, ";"],
  azure_sas: ["https://a.blob.core.windows.net/c?sv=1&sig=", `${mixed(43)}%3D`, "&se=1"],
  digitalocean_token: ["", `dop_v1_${hex(64)}`, ""],
  databricks_token: ["", `dapi${hex(32)}`, ""],
  alibaba_key_id: ["", `LTAI${mixed(20)}`, ""],
  heroku_key: ["", `HRKU-${mixed(36)}`, ""],
  supabase_key: ["", `sbp_${hex(40)}`, ""],
  planetscale_token: ["", `pscale_pw_${mixed(43)}`, ""],
  fly_token: ["", `fo1_${mixed(43)}`, ""],
  vault_token: ["hvs.", mixed(90), ""],
  terraform_token: [`${mixed(14)}.atlasv1.`, mixed(67), ""],
  github_token: ["", `ghp_${mixed(36)}`, ""],
  github_fine_grained_token: ["", `github_pat_${mixed(22)}_${mixed(59)}`, ""],
  gitlab_token: ["", `glpat-${mixed(20)}`, ""],
  npm_token: ["", `npm_${mixed(36)}`, ""],
  pypi_token: ["", `pypi-AgEIcHlwaS5vcmc${mixed(60)}`, ""],
  rubygems_key: ["", `rubygems_${hex(48)}`, ""],
  docker_token: ["", `dckr_pat_${mixed(27)}`, ""],
  postman_key: ["", `PMAK-${hex(24)}-${hex(34)}`, ""],
  linear_key: ["", `lin_api_${mixed(40)}`, ""],
  notion_token: ["", `ntn_${mixed(46)}`, ""],
  atlassian_token: ["", `ATATT3${mixed(186)}`, ""],
  figma_token: ["", `figd_${mixed(40)}`, ""],
  age_key: ["", `AGE-SECRET-KEY-1${capitals(58)}`, ""],
  onepassword_token: ["", `ops_eyJ${mixed(250)}`, ""],
  doppler_token: ["dp.pt.", mixed(43), ""],
  slack_token: ["", `xoxb-123456789012-1234567890123-${mixed(24)}`, ""],
  slack_webhook: ["https://hooks.slack.com/services/", `T00000000/B00000000/${mixed(24)}`, ""],
  discord_webhook: ["https://discord.com/api/webhooks/123456789012345678/", mixed(68), ""],
  discord_token: [`M${mixed(23)}.${mixed(6)}.`, mixed(27), ""],
  telegram_token: ["bot123456789:", `AA${mixed(33)}`, ""],
  twilio_key: ["", `SK${hex(32)}`, ""],
  sendgrid_key: ["SG.", `${mixed(22)}.${mixed(43)}`, ""],
  mailgun_key: ["", `key-${hex(32)}`, ""],
  brevo_key: ["", `xkeysib-${hex(64)}-${mixed(16)}`, ""],
  stripe_webhook_secret: ["", `whsec_${mixed(32)}`, ""],
  square_token: ["", `sq0atp-${mixed(22)}`, ""],
  shopify_token: ["", `shpat_${hex(32)}`, ""],
  newrelic_key: ["", `NRAK-${capitals(27)}`, ""],
  grafana_token: ["", `glsa_${mixed(32)}_${hex(8)}`, ""],
  sentry_token: ["", `sntrys_${mixed(80)}`, ""],
  facebook_token: ["", `EAAC${mixed(150)}`, ""],
  jwt: ["", `eyJ${mixed(33)}.eyJ${mixed(70)}.${mixed(43)}`, ""],
  bearer_token: ["Authorization: Bearer ", mixed(40), ""],
  api_key: ["api-key: ", hex(32), ""],
  basic_credentials: ["authorization: basic ", Buffer.from("user:a password").toString("base64"), ""],
  private_key: [
    "",
    `-----BEGIN RSA ${"PRIVATE"} KEY-----\n${mixed(64)}\n${mixed(64)}\n-----END RSA ${"PRIVATE"} KEY-----`,
    "",
  ],
  url_password: ["postgres://weir:", "correct-horse", "@db.example.com:5432/weir"],
  email: ["", "grace.hopper+navy@mail.example.com", ""],
  iban: ["", "GB33 BUKB 2020 1555 5555 55", ""],
  card_number: ["", "4111 1111 1111 1111", ""],
  br_cnpj: ["", "11.222.333/0001-81", ""],
  br_cpf: ["", "529.982.247-25", ""],
  fr_nir: ["", "1 84 12 76 451 089 46", ""],
  de_steuer_id: ["", "65 929 970 489", ""],
  us_ssn: ["", "536-22-8726", ""],
  uk_nino: ["", "QQ 12 34 56 C".replace("QQ", "AB"), ""],
  es_dni: ["", "12345678Z", ""],
  it_codice_fiscale: ["", "RSSMRA85T10A562S", ""],
  pt_nif: ["NIF ", "123456789", ""],
  ipv4: ["", "192.168.17.4", ""],
  ipv6: ["", "2001:db8:0:1::8a2e", ""],
  phone: ["", "+49 30 901820", ""],
};

/** A redactor with every detector on. */
export const everything = new Redactor({
  detectors: new Set([...secretSet, ...personalSet].map(({ name }) => name)),
  patterns: [],
});

/** A redactor as it is by default: secrets alone. */
export const secretsAlone = new Redactor({ detectors: new Set(secretSet.map(({ name }) => name)), patterns: [] });
