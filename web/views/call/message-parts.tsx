import type { MediaPart, MediaSource, Part, ToolCallPart, ToolResultPart } from "@weir/model/browser";
import { Brain, ChevronRight, FileText, Globe, Image, Wrench } from "lucide-react";
import { createContext, type ReactNode, useContext, useState } from "react";
import { Button } from "../../design/button.tsx";
import { classes } from "../../design/classes.ts";
import { CodeBlock } from "../../design/code-block.tsx";
import { formatBytes, formatInteger } from "../../design/format.ts";
import { prettyJson } from "../../design/json-tokens.ts";
import { foldText, jsonOf } from "./fold.ts";
import { RenderedMarkdown } from "./markdown.tsx";

/** How texts are shown, and which result answers which tool call. */
export interface ReadingContextValue {
  readonly isPlain: boolean;
  readonly results: ReadonlyMap<string, ToolResultPart>;
}
export const ReadingContext = createContext<ReadingContextValue>({ isPlain: false, results: new Map() });

export function Parts({ parts }: { parts: readonly Part[] }) {
  if (parts.length === 0) return <p className="text-faint">empty</p>;
  return (
    <div className="flex flex-col gap-2">
      {parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a recorded message never move.
        <PartView key={index} part={part} />
      ))}
    </div>
  );
}

function PartView({ part }: { part: Part }) {
  switch (part.type) {
    case "text":
      return <LongText text={part.text} />;
    case "reasoning":
      return <Reasoning text={part.text} isEncrypted={part.isEncrypted} />;
    case "refusal":
      return <Note tone="warn" title="Refusal" text={part.text} />;
    case "error":
      return <Note tone="bad" title={part.code || "Error"} text={part.text} />;
    case "tool_call":
      return <ToolCard call={part} />;
    case "tool_result":
      return <StrayResult result={part} />;
    case "image":
    case "audio":
    case "video":
    case "document":
      return <Media part={part} />;
    case "embedding":
      return <p className="text-muted">An embedding of {formatInteger(part.dimensions)} dimensions.</p>;
    case "json":
      return <CodeBlock language="json" code={JSON.stringify(part.value, null, 2)} />;
    default:
      return (
        <CodeBlock
          title={`${part.label} (shown as it was sent)`}
          language="json"
          code={JSON.stringify(part.value, null, 2)}
        />
      );
  }
}

/** Text as Markdown, JSON as JSON, or as it is; long text is folded with its length. */
export function LongText({ text, limit }: { text: string; limit?: number }) {
  const { isPlain } = useContext(ReadingContext);
  const [isWhole, setWhole] = useState(false);
  const json = isPlain ? undefined : jsonOf(text);
  if (json !== undefined) return <CodeBlock language="json" code={json} title="JSON" />;
  const { shown, hidden } = isWhole ? { shown: text, hidden: 0 } : foldText(text, limit);
  return (
    <div>
      {isPlain ? (
        <pre className="font-mono text-xs break-words whitespace-pre-wrap">{shown}</pre>
      ) : (
        <RenderedMarkdown text={shown} />
      )}
      {(hidden > 0 || isWhole) && (
        <Button
          size="small"
          variant="quiet"
          className="-ml-2 text-accent"
          aria-expanded={isWhole}
          onClick={() => setWhole(!isWhole)}
        >
          {isWhole ? "Show less" : `Show ${formatInteger(hidden)} more of ${formatInteger(text.length)} characters`}
        </Button>
      )}
    </div>
  );
}

/** Something that opens in its place. */
export function Fold(props: {
  title: ReactNode;
  note?: ReactNode;
  icon?: ReactNode;
  opensAtFirst?: boolean;
  children: () => ReactNode;
  className?: string;
}) {
  const { title, note, icon, opensAtFirst = false, children, className } = props;
  const [isOpen, setOpen] = useState(opensAtFirst);
  return (
    <div className={className}>
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        className="flex min-h-7 w-full items-center gap-1.5 rounded text-left text-muted hover:text-text"
      >
        <ChevronRight
          size={14}
          aria-hidden="true"
          className={classes("shrink-0 transition-transform duration-120", isOpen && "rotate-90")}
        />
        {icon}
        <span className="min-w-0 truncate">{title}</span>
        {note !== undefined && <span className="num shrink-0 text-xs text-faint">{note}</span>}
      </button>
      {isOpen && <div className="pt-1 pb-2 pl-5">{children()}</div>}
    </div>
  );
}

function Reasoning({ text, isEncrypted }: { text: string; isEncrypted: boolean }) {
  if (text === "") {
    return (
      <p className="flex items-center gap-1.5 text-faint">
        <Brain size={14} aria-hidden="true" />{" "}
        {isEncrypted ? "Reasoning, sent encrypted by the provider" : "Reasoning without text"}
      </p>
    );
  }
  return (
    <Fold
      title="Reasoning"
      note={`${formatInteger(text.length)} characters`}
      icon={<Brain size={14} aria-hidden="true" />}
    >
      {() => (
        <div className="border-l-2 border-line-strong pl-3 text-muted">
          <LongText text={text} />
        </div>
      )}
    </Fold>
  );
}

function Note({ tone, title, text }: { tone: "warn" | "bad"; title: string; text: string }) {
  return (
    <div className={classes("rounded-md px-3 py-2", tone === "bad" ? "bg-bad-soft" : "bg-warn-soft")}>
      <p className="font-medium">{title}</p>
      <p className="whitespace-pre-wrap">{text}</p>
    </div>
  );
}

/** A tool call as a card: its arguments, and the result where the conversation holds it. */
function ToolCard({ call }: { call: ToolCallPart }) {
  const { results } = useContext(ReadingContext);
  const result = results.get(call.id);
  const Icon = call.isProviderTool ? Globe : Wrench;
  const argumentsText = prettyJson(call.arguments) ?? call.arguments;
  const isBroken = call.arguments !== "" && prettyJson(call.arguments) === undefined;
  return (
    <section aria-label={`Tool call ${call.name}`} className="overflow-hidden rounded-lg border border-line">
      <header className="flex h-8 items-center gap-2 bg-sunken px-3">
        <Icon size={13} aria-hidden="true" className="text-accent" />
        <span className="min-w-0 flex-1 truncate font-mono text-xs font-medium">{call.name}</span>
        {call.isProviderTool && <span className="text-2xs text-faint">run by the provider</span>}
        {isBroken && <span className="text-2xs text-warn">arguments are not JSON</span>}
        {call.id !== "" && (
          <span className="max-w-32 truncate font-mono text-2xs text-faint" data-hint={call.id}>
            {call.id}
          </span>
        )}
      </header>
      {argumentsText !== "" && argumentsText !== "{}" && (
        <CodeBlock language="json" code={argumentsText} className="rounded-none border-0 border-t bg-panel" />
      )}
      {result !== undefined && <ResultBody result={result} />}
    </section>
  );
}

function ResultBody({ result }: { result: ToolResultPart }) {
  return (
    <div className={classes("border-t border-line px-3 py-2", result.isError && "bg-bad-soft")}>
      <p className={classes("mb-1 text-2xs font-medium", result.isError ? "text-bad" : "text-faint")}>
        {result.isError ? "Failed with" : "Result"}
      </p>
      <Parts parts={result.parts} />
    </div>
  );
}

function StrayResult({ result }: { result: ToolResultPart }) {
  return (
    <section aria-label="Tool result" className="overflow-hidden rounded-lg border border-line">
      <header className="flex h-8 items-center gap-2 bg-sunken px-3 text-xs text-muted">
        <Wrench size={13} aria-hidden="true" /> Result of{" "}
        <span className="truncate font-mono">{result.id || "a tool"}</span>
      </header>
      <ResultBody result={result} />
    </section>
  );
}

function Media({ part }: { part: MediaPart }) {
  const { source } = part;
  const name = part.name || part.type;
  if (source.kind === "data" && part.type === "image" && /^image\/(png|jpeg|gif|webp)$/.test(source.mediaType)) {
    return (
      <img
        src={`data:${source.mediaType};base64,${source.base64}`}
        alt={name}
        className="max-h-96 max-w-full self-start rounded-md border border-line"
      />
    );
  }
  if (source.kind === "data" && part.type === "audio") {
    // biome-ignore lint/a11y/useMediaCaption: a recorded prompt has no captions.
    return <audio controls src={`data:${source.mediaType};base64,${source.base64}`} className="max-w-full" />;
  }
  if (source.kind === "text") return <CodeBlock title={name} code={source.text} wrap />;
  const Icon = part.type === "image" ? Image : FileText;
  return (
    <div className="flex items-center gap-2 self-start rounded-md border border-line bg-sunken px-3 py-2 text-xs">
      <Icon size={14} aria-hidden="true" className="text-muted" />
      <span className="font-medium">{name}</span>
      <MediaOrigin source={source} />
    </div>
  );
}

function MediaOrigin({ source }: { source: Exclude<MediaSource, { kind: "text" }> }) {
  if (source.kind === "url") {
    return (
      <a
        href={/^https?:/.test(source.url) ? source.url : undefined}
        target="_blank"
        rel="noreferrer noopener"
        className="max-w-80 truncate text-accent underline"
        data-hint="Opens at its own host; Weir does not load it."
      >
        {source.url}
      </a>
    );
  }
  if (source.kind === "file") return <span className="font-mono text-muted">{source.fileId}</span>;
  return (
    <span className="text-muted">{`${source.mediaType}, ${formatBytes(Math.floor(source.base64.length * 0.75))}`}</span>
  );
}
