import type { ExportConfig } from "./config.ts";

/** W3C: the last 7 bytes of a trace id are random. Of their bits as many are read as a number holds exactly. */
const idSpace = 2 ** 52;

/**
 * Whether the spans of a trace are exported. The decision depends on the trace id alone, so that all spans of a trace
 * share it; `isParentSampled` is what the caller's traceparent said, undefined without one.
 */
export function createSampler({
  sampler,
  samplerRatio,
}: Pick<ExportConfig, "sampler" | "samplerRatio">): (traceId: string, isParentSampled: boolean | undefined) => boolean {
  const isParentBased = sampler.startsWith("parentbased_");
  const rule = sampler.replace("parentbased_", "");
  return (traceId, isParentSampled) => {
    if (isParentBased && isParentSampled !== undefined) return isParentSampled;
    if (rule === "always_off") return false;
    return rule === "always_on" || Number.parseInt(traceId.slice(-13), 16) < samplerRatio * idSpace;
  };
}
