import type { ByteAllowance } from "../recording/capture.ts";
import { EscapedText, encodeAssembled } from "../recording/escaped-text.ts";
import { memberText } from "../recording/json-scanner.ts";
import {
  type Answer,
  type Api,
  type ApiRoute,
  countOf,
  defineApi,
  emptyAnswer,
  isRecord,
  type Json,
  listOf,
  noteDetail,
  type RequestBilling,
  readError,
  recordOf,
  routeEnding,
  type StreamReading,
  textOf,
} from "./shape.ts";

/** The usage object of images, speech and transcription: tokens by modality, or for older models seconds. */
function readMediaUsage(raw: unknown, answer: Answer): void {
  if (!isRecord(raw)) return;
  const input = recordOf(raw["input_tokens_details"] ?? raw["input_token_details"]);
  const { usage } = answer;
  usage.input_tokens = countOf(raw["input_tokens"]);
  usage.output_tokens = countOf(raw["output_tokens"]);
  usage.input_audio_tokens = countOf(input["audio_tokens"]);
  usage.cache_read_tokens = countOf(input["cached_tokens"]);
  noteDetail(answer, "input_image_tokens", input["image_tokens"]);
  noteDetail(answer, "output_image_tokens", recordOf(raw["output_tokens_details"])["image_tokens"]);
  noteDetail(answer, "audio_seconds", raw["seconds"]);
  answer.hasUsage = usage.input_tokens !== null || usage.output_tokens !== null;
}

function readMediaJson(body: Json, answer: Answer): void {
  answer.id = textOf(body["id"]);
  answer.model = textOf(body["model"]);
  noteDetail(answer, "audio_seconds", body["duration"]);
  readMediaUsage(body["usage"], answer);
}

function readImages(body: Json, answer: Answer): void {
  readMediaJson(body, answer);
  noteDetail(answer, "output_images", listOf(body["data"]).length);
}

/** DALL·E is billed by the image, as it was asked for. */
const imageBilling: RequestBilling = {
  members: ["quality", "size"],
  read(members) {
    const quality = memberText(members["quality"]) || "standard";
    return { details: {}, variant: `${quality} ${memberText(members["size"]) || "1024x1024"}` };
  },
};

/** Some models that speak are billed by the character of what they are to say. */
const speechBilling: RequestBilling = {
  members: ["input"],
  read(members) {
    const characters = [...memberText(members["input"])].length;
    return { details: characters === 0 ? {} : { input_characters: characters }, variant: "" };
  },
};

/**
 * Streams of images, speech and transcription. The last event, of a type that ends in `.done` or `.completed`, holds
 * what came out and the usage; deltas are text of a transcript, or binary content that nobody reads twice.
 */
export class MediaStream implements StreamReading {
  readonly answer: Answer = emptyAnswer();
  isComplete = false;

  readonly #transcript: EscapedText;
  #last: Record<string, unknown> = {};

  constructor(allowance: ByteAllowance) {
    this.#transcript = new EscapedText(allowance);
  }

  read(data: Buffer, start: number, end: number): boolean {
    const text = data.toString("utf8", start, end);
    if (text.trim() === "[DONE]") return false;
    const event: unknown = JSON.parse(text);
    if (!isRecord(event)) return false;
    const type = textOf(event["type"]);
    if (type === "error" || isRecord(event["error"])) readError(event, this.answer);
    else if (/\.(done|completed)$/.test(type)) return this.#finish(event);
    else if (type === "transcript.text.delta") this.#transcript.appendText(textOf(event["delta"]));
    return /\.(delta|partial_image)$/.test(type);
  }

  assemble(): Buffer {
    if (this.isComplete) return encodeAssembled(this.#last);
    return encodeAssembled(this.#transcript.isEmpty ? {} : { text: this.#transcript });
  }

  #finish(event: Record<string, unknown>): boolean {
    this.isComplete = true;
    readMediaJson(event, this.answer);
    const { type: _type, b64_json: image, ...rest } = event;
    this.#last = image === undefined ? rest : { ...rest, data: [{ b64_json: image }] };
    return typeof image === "string";
  }
}

const media: Omit<Api, "operation" | "route"> = {
  ...defineApi({ route: "" }),
  kind: "llm",
  streams: "when_asked",
  readJson: readMediaJson,
  openStream: (allowance) => new MediaStream(allowance),
};

const images: Api = {
  ...media,
  operation: "image_generation",
  format: "openai.images",
  route: "/v1/images/generations",
  readJson: readImages,
  billing: imageBilling,
};
const speech: Api = {
  ...media,
  operation: "speech",
  format: "openai.audio",
  route: "/v1/audio/speech",
  billing: speechBilling,
};
/** Speech put in words, asked for by itself or within a realtime session. */
export const transcription: Api = {
  ...media,
  operation: "transcription",
  format: "openai.audio",
  route: "/v1/audio/transcriptions",
};
const moderation: Api = defineApi({
  operation: "moderation",
  kind: "guardrail",
  format: "openai.moderations",
  route: "/v1/moderations",
  readJson: readMediaJson,
});

export const openaiMediaRoutes: readonly ApiRoute[] = [
  routeEnding("/images/generations", images),
  routeEnding("/images/edits", { ...images, operation: "image_edit", route: "/v1/images/edits" }),
  routeEnding("/images/variations", { ...images, operation: "image_edit", route: "/v1/images/variations" }),
  routeEnding("/audio/speech", speech),
  routeEnding("/audio/transcriptions", transcription),
  routeEnding("/audio/translations", { ...transcription, operation: "translation", route: "/v1/audio/translations" }),
  routeEnding("/moderations", moderation),
  routeEnding("/chat/moderations", { ...moderation, route: "/v1/chat/moderations" }),
];
