import {
  Binary,
  Bot,
  Box,
  Database,
  Gavel,
  Globe,
  Link2,
  ListFilter,
  type LucideIcon,
  MessageSquare,
  Scale,
  Wrench,
} from "lucide-react";

const icons: Readonly<Record<string, LucideIcon>> = {
  llm: MessageSquare,
  embedding: Binary,
  reranker: ListFilter,
  retriever: Database,
  tool: Wrench,
  agent: Bot,
  chain: Link2,
  guardrail: Gavel,
  evaluator: Scale,
  http: Globe,
};

/** What kind of step a span is. */
export function KindIcon({ kind, size = 14 }: { kind: string; size?: number }) {
  const Icon = icons[kind] ?? Box;
  return (
    <span data-hint={kind} className="inline-flex shrink-0 text-muted">
      <Icon size={size} aria-label={kind} />
    </span>
  );
}
