import type { SecretLink as Link } from "@weir/api/contract";
import { Button } from "../../design/button.tsx";
import { CodeBlock } from "../../design/code-block.tsx";
import { Dialog } from "../../design/dialog.tsx";
import { TimeText } from "../../design/time-text.tsx";

/** A link that works once, shown once. */
export function SecretLink(props: { title: string; lead: string; link: Link; onClose: () => void }) {
  return (
    <Dialog isOpen onClose={props.onClose} title={props.title}>
      <div className="flex flex-col gap-3">
        <p className="text-muted">{props.lead} It works once and is shown this once.</p>
        <CodeBlock code={new URL(props.link.path, location.origin).href} title="Link" />
        <p className="text-xs text-faint">
          Good until <TimeText time={props.link.expires_at} />.
        </p>
        <Button variant="primary" className="self-end" onClick={props.onClose}>
          I have copied it
        </Button>
      </div>
    </Dialog>
  );
}
