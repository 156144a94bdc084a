import type { CallDetail } from "@weir/api/contract";
import { billedKinds } from "@weir/model/browser";

export interface TimingPart {
  readonly id: "gateway" | "waiting" | "generation";
  readonly name: string;
  readonly meaning: string;
  readonly duration_ns: number;
  /** Of the whole, 0 to 1. */
  readonly share: number;
  readonly colour: string;
}

type Timed = Pick<CallDetail, "kind" | "duration_ns" | "ttft_ns" | "gateway_ns">;

/**
 * Splits the duration of a call: the gateway's own work, waiting for the first token, generation. The parts add up to
 * it. What went to no provider, such as a tool's or an agent's span, has no such parts.
 */
export function timingParts({ kind, duration_ns: total, ttft_ns: ttft, gateway_ns: gateway }: Timed): TimingPart[] {
  if (total <= 0 || (gateway === null && !billedKinds.has(kind))) return [];
  const own = Math.min(gateway ?? 0, ttft ?? total, total);
  const first = ttft === null ? total - own : Math.min(ttft, total) - own;
  const rest = ttft === null ? 0 : Math.max(0, total - ttft);
  const parts: Omit<TimingPart, "share">[] = [
    {
      id: "gateway",
      name: "Weir",
      meaning:
        "What the gateway itself added: the duration less the time spent waiting for the provider or the client.",
      duration_ns: own,
      colour: "var(--queue)",
    },
    {
      id: "waiting",
      name: ttft === null ? "Provider" : "First token",
      meaning:
        ttft === null
          ? "From the request until the whole answer was there: it was not streamed, so its parts cannot be told apart."
          : "From the request to the first content: the network, the provider's queue, and reading the prompt.",
      duration_ns: first,
      colour: ttft === null ? "var(--generation)" : "var(--first)",
    },
    {
      id: "generation",
      name: "Generation",
      meaning: "From the first content to the last byte.",
      duration_ns: rest,
      colour: "var(--generation)",
    },
  ];
  return parts.filter((part) => part.duration_ns > 0).map((part) => ({ ...part, share: part.duration_ns / total }));
}
