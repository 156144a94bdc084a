import type { MediaPart, MediaSource } from "../message.ts";
import { firstString, type JsonObject, objectOf, stringOf } from "./json-value.ts";

type Medium = MediaPart["type"];

export function mediaPart(type: Medium, source: MediaSource, name = ""): MediaPart {
  return { type, source, name };
}

/** An address on the web, or data written as a `data:` URL. */
export function urlSource(url: string): MediaSource {
  const data = /^data:([^;,]*)[^,]*;base64,/.exec(url.slice(0, 300));
  if (data === null) return { kind: "url", url };
  return { kind: "data", mediaType: data[1] ?? "", base64: url.slice(data[0].length) };
}

/** OpenAI's `image_url` (chat: an object, responses: a text) and `input_image`. */
export function openaiImage(part: JsonObject): MediaPart {
  const url = firstString(part["image_url"], objectOf(part["image_url"])["url"]);
  const fileId = stringOf(part["file_id"]);
  return mediaPart("image", url === "" && fileId !== "" ? { kind: "file", fileId } : urlSource(url));
}

/** OpenAI's `file` (chat: nested) and `input_file`; OTel's `file` with only an id. */
export function openaiFile(part: JsonObject): MediaPart {
  const file = { ...part, ...objectOf(part["file"]) };
  const name = stringOf(file["filename"]);
  const data = stringOf(file["file_data"]);
  if (data !== "") return mediaPart("document", dataSource(data), name);
  const url = stringOf(file["file_url"]);
  if (url !== "") return mediaPart("document", urlSource(url), name);
  return mediaPart(mediumOf(file), { kind: "file", fileId: stringOf(file["file_id"]) }, name);
}

function dataSource(data: string): MediaSource {
  return data.startsWith("data:") ? urlSource(data) : { kind: "data", mediaType: "", base64: data };
}

export function openaiAudio(part: JsonObject): MediaPart {
  const audio = objectOf(part["input_audio"] ?? part["audio"]);
  const format = stringOf(audio["format"]);
  const mediaType = format === "" ? "" : `audio/${format}`;
  return mediaPart("audio", { kind: "data", mediaType, base64: stringOf(audio["data"]) });
}

/** Anthropic's `image` and `document`, with a source that is base64, url, text or file. */
export function anthropicMedia(type: Medium, part: JsonObject): MediaPart {
  return mediaPart(type, anthropicSource(objectOf(part["source"])), stringOf(part["title"]));
}

function anthropicSource(source: JsonObject): MediaSource {
  const mediaType = stringOf(source["media_type"]);
  switch (source["type"]) {
    case "url":
      return { kind: "url", url: stringOf(source["url"]) };
    case "file":
      return { kind: "file", fileId: stringOf(source["file_id"]) };
    case "text":
      return { kind: "text", mediaType, text: stringOf(source["data"]) };
    default:
      return { kind: "data", mediaType, base64: stringOf(source["data"]) };
  }
}

/** OpenTelemetry's `blob` and `uri`. */
export function otelBlob(part: JsonObject): MediaPart {
  const base64 = firstString(part["content"], part["data"]);
  return mediaPart(mediumOf(part), { kind: "data", mediaType: stringOf(part["mime_type"]), base64 });
}

export function otelUri(part: JsonObject): MediaPart {
  return mediaPart(mediumOf(part), urlSource(stringOf(part["uri"])));
}

function mediumOf(part: JsonObject): Medium {
  const hint = firstString(part["modality"], part["mime_type"]);
  const medium = (["image", "audio", "video"] as const).find((name) => hint.startsWith(name));
  return medium ?? "document";
}
