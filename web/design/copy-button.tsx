import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { Button, type ButtonProps } from "./button.tsx";
import { classes } from "./classes.ts";

/** Copies `text` (made when asked for) and says so for a moment. */
export function CopyButton(props: { text: string | (() => string); label: string; word?: string } & ButtonProps) {
  const { text, label, word, size = "tiny", variant = "quiet", ...rest } = props;
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => void writeClipboard(typeof text === "function" ? text() : text).then(() => setCopied(true));
  const Icon = copied ? Check : Copy;
  return (
    <Button
      {...rest}
      size={size}
      variant={variant}
      onClick={copy}
      aria-label={label}
      data-hint={copied ? "Copied" : label}
    >
      <Icon size={13} aria-hidden="true" className={classes(copied && "text-good")} />
      {word}
      <span className="sr-only" aria-live="polite">
        {copied ? "Copied" : ""}
      </span>
    </Button>
  );
}

/** Also where the clipboard API is missing: plain HTTP beyond loopback. */
export async function writeClipboard(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
