import { type ReactNode, useState } from "react";
import { Button } from "./button.tsx";
import { classes } from "./classes.ts";
import { CopyButton } from "./copy-button.tsx";
import { formatBytes } from "./format.ts";
import { colourJson } from "./json-tokens.ts";

const tokenClass = {
  key: "text-accent",
  string: "text-[color:var(--series-7)] dark:text-[color:var(--series-2)]",
  number: "text-[color:var(--series-1)]",
  word: "text-[color:var(--series-5)]",
  plain: undefined,
} as const;

/** Shown at once; more is a click away, so that a megabyte of JSON never blocks the page. */
const shownChars = 20_000;

export function CodeBlock(props: {
  code: string;
  title?: ReactNode;
  language?: string;
  wrap?: boolean;
  className?: string;
}) {
  const { code, title, language, wrap = false, className } = props;
  const [whole, setWhole] = useState(false);
  const shown = whole || code.length <= shownChars ? code : code.slice(0, shownChars);
  return (
    <figure className={classes("group relative overflow-hidden rounded-md border border-line bg-sunken", className)}>
      {title !== undefined && (
        <figcaption className="flex h-8 items-center justify-between border-b border-line pr-1 pl-3 text-xs text-muted">
          <span className="min-w-0 truncate">{title}</span>
          <CopyButton text={code} label="Copy" />
        </figcaption>
      )}
      {title === undefined && (
        <div className="absolute top-1 right-1 rounded bg-sunken opacity-0 transition-opacity group-focus-within:opacity-100 group-hover:opacity-100">
          <CopyButton text={code} label="Copy" />
        </div>
      )}
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard.
        tabIndex={0}
        className={classes(
          "max-h-[36rem] overflow-auto p-3 font-mono text-xs leading-[18px]",
          wrap && "break-words whitespace-pre-wrap",
        )}
      >
        <code>{language === "json" ? <Json text={shown} /> : shown}</code>
      </pre>
      {shown.length < code.length && (
        <div className="border-t border-line p-1.5">
          <Button size="small" variant="quiet" onClick={() => setWhole(true)}>
            Show the remaining {formatBytes(code.length - shown.length)}
          </Button>
        </div>
      )}
    </figure>
  );
}

function Json({ text }: { text: string }) {
  return colourJson(text).map(({ kind, text: part, at }) => (
    <span key={at} className={tokenClass[kind]}>
      {part}
    </span>
  ));
}
