import { CircleCheck, CircleSlash, CircleX, Scissors, Unplug } from "lucide-react";
import { classes } from "./classes.ts";

/** The statuses of calls and spans: an icon and a word, so that colour is never alone. */
const statuses = {
  ok: { icon: CircleCheck, tone: "text-good", soft: "bg-good-soft", word: "ok", meaning: "Answered in full." },
  error: { icon: CircleX, tone: "text-bad", soft: "bg-bad-soft", word: "error", meaning: "The call failed." },
  cancelled: {
    icon: CircleSlash,
    tone: "text-muted",
    soft: "bg-hover",
    word: "cancelled",
    meaning: "The client left before the answer was whole.",
  },
  cut: {
    icon: Scissors,
    tone: "text-bad",
    soft: "bg-bad-soft",
    word: "cut",
    meaning: "The provider broke off before the answer was whole.",
  },
  interrupted: {
    icon: Unplug,
    tone: "text-warn",
    soft: "bg-warn-soft",
    word: "interrupted",
    meaning: "A process of Weir died while the call was under way.",
  },
} as const;

export function statusOf(status: string) {
  return status in statuses ? statuses[status as keyof typeof statuses] : { ...statuses.error, word: status };
}

export function StatusMark(props: { status: string; detail?: string | undefined; isIconOnly?: boolean }) {
  const { status, detail, isIconOnly = false } = props;
  const { icon: Icon, tone, word, meaning } = statusOf(status);
  return (
    <span
      className={classes("inline-flex items-center gap-1.5 align-middle", tone)}
      data-hint={`${word}\n${detail || meaning}`}
    >
      <Icon size={14} aria-hidden="true" />
      <span className={isIconOnly ? "sr-only" : status === "ok" ? "text-muted" : undefined}>{word}</span>
    </span>
  );
}

export function StatusBadge({ status, detail }: { status: string; detail?: string | undefined }) {
  const { icon: Icon, tone, soft, word, meaning } = statusOf(status);
  return (
    <span
      className={classes("inline-flex h-5 items-center gap-1 rounded px-1.5 text-xs font-medium", tone, soft)}
      data-hint={meaning}
    >
      <Icon size={12} aria-hidden="true" />
      {word}
      {detail && <span className="num font-normal">{detail}</span>}
    </span>
  );
}
