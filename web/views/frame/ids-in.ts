/** The ids of calls (16 hex digits) and traces (32) in a text, such as a pasted `traceparent`. */
export function idsIn(text: string): { kind: "call" | "trace"; id: string }[] {
  const runs = text.toLowerCase().match(/(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{16})(?![0-9a-f])/g) ?? [];
  const uuids = text.toLowerCase().match(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g) ?? [];
  const ids = [...runs, ...uuids.map((uuid) => uuid.replaceAll("-", ""))];
  return [...new Set(ids)].map((id) => ({ kind: id.length === 16 ? "call" : "trace", id }));
}
