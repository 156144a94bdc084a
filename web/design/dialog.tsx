import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { buttonClass } from "./button.tsx";
import { classes } from "./classes.ts";

/** A dialog over the page, for what must be answered first. Escape and the backdrop close it. */
export function Dialog(props: {
  isOpen: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  isBare?: boolean;
}) {
  return (
    <Base.Root open={props.isOpen} onOpenChange={(open) => !open && props.onClose()}>
      <Base.Portal>
        <Base.Backdrop className="appear-now fixed inset-0 z-40 bg-black/30 dark:bg-black/55" />
        <Base.Popup
          className={classes(
            "pop-in fixed top-[12vh] left-1/2 z-50 max-h-[80vh] w-[min(560px,calc(100vw-24px))] -translate-x-1/2 overflow-auto rounded-xl border border-line-strong bg-raised shadow-raised outline-none",
            props.isBare !== true && "p-5",
          )}
        >
          <div className={classes("flex items-start justify-between", props.isBare === true ? "sr-only" : "mb-3")}>
            <Base.Title className="text-lg font-semibold">{props.title}</Base.Title>
            <Base.Close aria-label="Close" className={buttonClass("quiet", "tiny")}>
              <X size={16} aria-hidden="true" />
            </Base.Close>
          </div>
          {props.children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
