import type { CallDetail } from "@weir/api/contract";
import type { Conversation } from "@weir/model/browser";
import { Braces, Check, Copy, SquareTerminal, Type } from "lucide-react";
import { useState } from "react";
import { Button } from "../../design/button.tsx";
import { writeClipboard } from "../../design/copy-button.tsx";
import { Menu, MenuItem } from "../../design/menu.tsx";
import { conversationText, curlCommand } from "./conversation-text.ts";

/** Copies the call as text, JSON or curl. */
export function CopyMenu({ call, conversation }: { call: CallDetail; conversation: Conversation }) {
  const [copied, setCopied] = useState(false);
  const copy = (text: string) => () => {
    void writeClipboard(text).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    });
  };
  const curl = curlCommand(call, location.origin);
  const Icon = copied ? Check : Copy;
  return (
    <Menu
      align="end"
      trigger={
        <Button size="small" variant="quiet" aria-label="Copy as…">
          <Icon size={13} aria-hidden="true" className={copied ? "text-good" : undefined} />
          <span className="max-sm:sr-only">{copied ? "Copied" : "Copy as"}</span>
        </Button>
      }
    >
      <MenuItem
        icon={<Type size={14} aria-hidden="true" className="text-muted" />}
        onSelect={copy(conversationText(conversation))}
      >
        Text
      </MenuItem>
      <MenuItem
        icon={<Braces size={14} aria-hidden="true" className="text-muted" />}
        onSelect={copy(JSON.stringify(call, null, 2))}
      >
        JSON
      </MenuItem>
      {curl !== undefined && (
        <MenuItem icon={<SquareTerminal size={14} aria-hidden="true" className="text-muted" />} onSelect={copy(curl)}>
          curl
        </MenuItem>
      )}
    </Menu>
  );
}
