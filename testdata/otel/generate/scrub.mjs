// Replaces what differs from run to run, so that captures can be compared: ids, times, ports, durations, paths.

const firstTimeNs = 1_763_700_000_000_000_000n;
const stepNs = 1_000_000n;

/** Attributes that measure time: the same unit, another value. */
const measured = [
  [/msToFirstChunk$|msToFinish$/, 12.5],
  [/PerSecond$/, 80],
  [/time_to_first_(?:chunk|token)$|time_per_output_(?:chunk|token)$|\.duration$/, 0.0125],
];
const replaced = {
  "service.instance.id": "00000000-0000-4000-8000-000000000001",
  "langsmith.metadata.revision_id": "0000000",
  "exception.stacktrace": "…",
  "process.pid": 1,
  "host.name": "host",
};
const uuid = /\b[0-9a-f]{8}-[0-9a-f]{4}-[1-7][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b/g;

/** The capture with fixed ids and times; order and nesting stay. */
export function scrub(captured, port) {
  const text = JSON.stringify(captured)
    .replaceAll(`127.0.0.1:${port}`, "127.0.0.1:9001")
    .replaceAll(`"intValue":${port}`, `"intValue":9001`)
    .replaceAll(`"intValue":"${port}"`, `"intValue":"9001"`)
    .replace(/\b0x[0-9a-f]{8,16}\b/g, "0x0")
    .replace(/(?:You know the handbook by heart\. ?){3,}/g, "You know the handbook by heart. ");
  const names = new Map();
  const name = (kind, value, make) => {
    const key = `${kind} ${value}`;
    if (!names.has(key)) names.set(key, make([...names.keys()].filter((known) => known.startsWith(`${kind} `)).length + 1));
    return names.get(key);
  };
  const walk = (value, key) => {
    if (Array.isArray(value)) return withoutRest(value.map((entry) => walk(entry, key)));
    if (typeof value === "string") {
      if (key === "traceId") return name("trace", value, (number) => number.toString(16).padStart(32, "0"));
      if (/^(?:parentSpanId|spanId)$/.test(key) && value !== "")
        return name("span", value, (number) => number.toString(16).padStart(16, "0"));
      return shortVectors(
        value.replaceAll(uuid, (id) => name("uuid", id, (number) => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`)),
      ).replace(/\btr-[0-9a-f]{32}\b/g, (id) => name("mlflow", id, (number) => `tr-${String(number).padStart(32, "0")}`));
    }
    if (typeof value !== "object" || value === null) return value;
    if (typeof value.key === "string") return walkAttribute(value);
    return Object.fromEntries(Object.entries(value).map(([inner, entry]) => [inner, walk(entry, inner)]));
  };
  const walkAttribute = ({ key, value }) => {
    const rule = measured.find(([pattern]) => pattern.test(key));
    if (rule !== undefined && value !== undefined) return { key, value: { doubleValue: rule[1] } };
    if (key in replaced) {
      const fixed = replaced[key];
      return { key, value: typeof fixed === "number" ? { intValue: fixed } : { stringValue: fixed } };
    }
    return value === undefined ? { key } : { key, value: walk(value, "") };
  };
  return setTimes(walk(JSON.parse(text), ""));
}

/** Times by depth: parents enclose their children, and a span's events follow one another a millisecond apart. */
function setTimes(capture) {
  const spans = (capture.traces.resourceSpans ?? []).flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  const byId = new Map(spans.map((span) => [`${span.traceId} ${span.spanId}`, span]));
  const depthOf = (span) => {
    const parent = byId.get(`${span.traceId} ${span.parentSpanId}`);
    return parent === undefined ? 0n : 1n + depthOf(parent);
  };
  for (const span of spans) {
    const depth = depthOf(span);
    span.startTimeUnixNano = String(firstTimeNs + depth * stepNs);
    span.endTimeUnixNano = String(firstTimeNs + 1000n * stepNs - depth * stepNs);
    for (const [index, event] of (span.events ?? []).entries())
      event.timeUnixNano = String(firstTimeNs + (depth + 1n + BigInt(index)) * stepNs);
  }
  for (const { scopeLogs } of capture.logs?.resourceLogs ?? [])
    for (const record of scopeLogs.flatMap(({ logRecords }) => logRecords))
      for (const key of ["timeUnixNano", "observedTimeUnixNano"]) if (key in record) record[key] = String(firstTimeNs);
  return capture;
}

/** Vectors and the events of a stream's chunks are long and tell nothing after the third. */
function withoutRest(list) {
  const isVector = list.length > 8 && list.every((entry) => entry?.doubleValue !== undefined);
  if (isVector) return list.slice(0, 3);
  let chunks = 0;
  return list.filter((entry) => !/completion\.chunk$/.test(entry?.name ?? "") || ++chunks <= 3);
}

function shortVectors(text) {
  return text.replace(/\[((?:-?\d+\.\d+(?:e-?\d+)?, ?){3})(?:-?\d+\.?\d*(?:e-?\d+)?,? ?){6,}\]/g, (_, first) => `[${first.replace(/, ?$/, "")}]`);
}
