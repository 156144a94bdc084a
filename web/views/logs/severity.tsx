import { Bug, CircleDot, CircleX, Footprints, Info, type LucideIcon, OctagonAlert, TriangleAlert } from "lucide-react";
import type { Severity } from "../../data/page-search.ts";
import { classes } from "../../design/classes.ts";
import { Unknown } from "../../design/unknown.tsx";
import { severityAt } from "./severity-at.ts";

const looks: Readonly<Record<Severity, { icon: LucideIcon; tone: string }>> = {
  trace: { icon: Footprints, tone: "text-faint" },
  debug: { icon: Bug, tone: "text-faint" },
  info: { icon: Info, tone: "text-muted" },
  warn: { icon: TriangleAlert, tone: "text-warn" },
  error: { icon: CircleX, tone: "text-bad" },
  fatal: { icon: OctagonAlert, tone: "text-bad" },
};

/** An icon and a word, so that colour is never alone; the sender's own word on hover. */
export function SeverityMark(props: { number: number; text: string; isIconOnly?: boolean }) {
  const { number, text, isIconOnly = false } = props;
  const severity = severityAt(number);
  if (severity === undefined && text === "") return <Unknown why="The sender does not say how severe it is." />;
  const { icon: Icon, tone } = severity === undefined ? { icon: CircleDot, tone: "text-faint" } : looks[severity];
  const word = severity ?? text;
  const hint = severity === undefined ? `${text}, without a number` : `${text || word}, severity ${number} of 24`;
  return (
    <span className={classes("inline-flex max-w-full items-center gap-1.5 align-middle", tone)} data-hint={hint}>
      <Icon size={14} aria-hidden="true" className="shrink-0" />
      <span className={isIconOnly ? "sr-only" : "truncate"}>{word}</span>
    </span>
  );
}
