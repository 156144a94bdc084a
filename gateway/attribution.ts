import { ownValue } from "@weir/model";
/** Who and what a call was made for, as its headers say. */
export class Attribution {
  userId = "";
  sessionId = "";
  promptName = "";
  promptVersion = "";
  serviceName = "";
  environment = "";
  /** Groups calls: an id of the caller's choice. */
  traceAlias = "";
  readonly tags: string[] = [];
  readonly metadata: Record<string, string> = {};
  metadataCount = 0;
}

type Reader = (attribution: Attribution, value: string, headerName: string) => void;

const textLimit = 1024;
const tagsLimit = 64;
const metadataLimit = 64;
const keyLimit = 128;

type TextField = "userId" | "sessionId" | "promptName" | "promptVersion" | "serviceName" | "environment" | "traceAlias";

/** Weir's own header wins over another gateway's, wherever it stands. */
function own(field: TextField): Reader {
  return (attribution, value) => {
    attribution[field] = value.slice(0, textLimit);
  };
}

function alias(field: TextField): Reader {
  return (attribution, value) => {
    if (attribution[field] === "") attribution[field] = value.slice(0, textLimit);
  };
}

const addTags: Reader = (attribution, value) => {
  for (const part of value.split(",")) addTag(attribution, part);
};

function addTag(attribution: Attribution, text: string): void {
  const tag = text.trim().slice(0, keyLimit);
  if (tag !== "" && attribution.tags.length < tagsLimit && !attribution.tags.includes(tag)) attribution.tags.push(tag);
}

function addMetadata(attribution: Attribution, key: string, value: unknown): void {
  if (key === "" || value === null || value === undefined || attribution.metadataCount >= metadataLimit) return;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  attribution.metadata[key.slice(0, keyLimit)] = text.slice(0, textLimit);
  attribution.metadataCount += 1;
}

/** Members of a JSON object that mean a field; the others are metadata. */
const metadataFields: Readonly<Record<string, TextField>> = {
  _user: "userId",
  user_id: "userId",
  session_id: "sessionId",
  _session: "sessionId",
  _environment: "environment",
  _prompt: "promptName",
};

const addMetadataJson: Reader = (attribution, value) => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    addMetadata(attribution, "raw", value);
    return;
  }
  if (typeof parsed !== "object" || parsed === null) return;
  for (const [key, member] of Object.entries(parsed)) {
    const field = ownValue(metadataFields, key);
    if (field !== undefined && typeof member === "string") alias(field)(attribution, member, "");
    else addMetadata(attribution, key, member);
  }
};

function metadataAfter(prefix: string): Reader {
  return (attribution, value, name) => addMetadata(attribution, name.slice(prefix.length), value);
}

/** Header names, lower case, of Weir and of the well-known gateways, and what they mean. */
const exactReaders: Readonly<Record<string, Reader>> = {
  "x-weir-user": own("userId"),
  "x-weir-user-id": own("userId"),
  "x-weir-session": own("sessionId"),
  "x-weir-session-id": own("sessionId"),
  "x-weir-tags": addTags,
  "x-weir-prompt-name": own("promptName"),
  "x-weir-prompt-version": own("promptVersion"),
  "x-weir-service": own("serviceName"),
  "x-weir-environment": own("environment"),
  "x-weir-trace-id": own("traceAlias"),
  "x-weir-metadata": addMetadataJson,
  "helicone-user-id": alias("userId"),
  "helicone-session-id": alias("sessionId"),
  "helicone-session-path": metadataAfter("helicone-"),
  "helicone-session-name": metadataAfter("helicone-"),
  "helicone-prompt-id": alias("promptName"),
  "x-portkey-metadata": addMetadataJson,
  "x-portkey-trace-id": alias("traceAlias"),
  "x-litellm-tags": addTags,
  "x-litellm-end-user-id": alias("userId"),
  "x-litellm-customer-id": alias("userId"),
  "x-litellm-session-id": alias("sessionId"),
  "x-litellm-trace-id": alias("traceAlias"),
  "x-litellm-spend-logs-metadata": addMetadataJson,
  langfuse_trace_user_id: alias("userId"),
  langfuse_session_id: alias("sessionId"),
  "cf-aig-metadata": addMetadataJson,
  "x-openwebui-user-id": alias("userId"),
  "x-openwebui-user-email": metadataAfter("x-openwebui-"),
  "x-openwebui-user-name": metadataAfter("x-openwebui-"),
  "x-openwebui-chat-id": alias("sessionId"),
  "x-bf-session-id": alias("sessionId"),
  "agent-session-id": alias("sessionId"),
};

const prefixReaders: readonly (readonly [string, Reader])[] = [
  "x-weir-metadata-",
  "helicone-property-",
  "x-bf-dim-",
  "x-bf-prom-",
  "tensorzero-otlp-traces-extra-attribute-",
].map((prefix) => [prefix, metadataAfter(prefix)]);

/** Prefixes of headers that are meant for a gateway and must not reach a provider. */
const gatewayPrefixes = [
  "x-weir-",
  "helicone-",
  "x-portkey-",
  "x-litellm-",
  "cf-aig-",
  "x-openwebui-",
  "x-bf-",
  "tensorzero-",
  "x-arch-",
  "langfuse_",
];

/** Whether the header (lower case) is meant for a gateway, and how to read it when it says something of the call. */
export function gatewayHeader(name: string): { read: Reader | undefined; isOwn: boolean } | undefined {
  const read = ownValue(exactReaders, name) ?? prefixReaders.find(([prefix]) => name.startsWith(prefix))?.[1];
  if (read === undefined && !gatewayPrefixes.some((prefix) => name.startsWith(prefix))) return undefined;
  return { read, isOwn: name.startsWith("x-weir-") };
}
