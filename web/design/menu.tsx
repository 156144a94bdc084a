import { Menu as Base } from "@base-ui/react/menu";
import { Check } from "lucide-react";
import type { ReactElement, ReactNode } from "react";
import { classes } from "./classes.ts";

export const popupClass =
  "pop-in z-50 min-w-44 rounded-lg border border-line-strong bg-raised p-1 shadow-raised outline-none";

export function Menu(props: { trigger: ReactElement; children: ReactNode; align?: "start" | "end" }) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger render={props.trigger} />
      <Base.Portal>
        <Base.Positioner sideOffset={4} align={props.align ?? "start"} className="z-50 outline-none">
          <Base.Popup className={popupClass}>{props.children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

export function MenuItem(props: {
  onSelect: () => void;
  children: ReactNode;
  icon?: ReactNode;
  isChecked?: boolean;
  note?: ReactNode;
}) {
  const { onSelect, children, icon, isChecked, note } = props;
  return (
    <Base.Item
      onClick={onSelect}
      className="flex h-8 cursor-pointer items-center gap-2 rounded px-2 outline-none data-[highlighted]:bg-hover"
    >
      {isChecked !== undefined && (
        <Check size={14} aria-hidden="true" className={classes("text-accent", !isChecked && "invisible")} />
      )}
      {icon}
      <span className="flex-1">{children}</span>
      {isChecked === true && <span className="sr-only">(chosen)</span>}
      {note !== undefined && <span className="text-xs text-faint">{note}</span>}
    </Base.Item>
  );
}

export function MenuSeparator() {
  return <Base.Separator className="my-1 h-px bg-line" />;
}
