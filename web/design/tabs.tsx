import { Tabs as Base } from "@base-ui/react/tabs";
import type { ReactNode } from "react";
import { classes } from "./classes.ts";

export interface Tab {
  readonly id: string;
  readonly name: string;
  readonly content: () => ReactNode;
  readonly note?: ReactNode;
}

export function Tabs(props: {
  tabs: readonly Tab[];
  selected: string;
  onSelect: (id: string) => void;
  label: string;
  actions?: ReactNode;
  className?: string;
  panelClassName?: string;
}) {
  const { tabs, onSelect, label, actions, className, panelClassName } = props;
  const selected = tabs.some(({ id }) => id === props.selected) ? props.selected : (tabs[0]?.id ?? "");
  return (
    <Base.Root
      value={selected}
      onValueChange={(value: string) => onSelect(value)}
      className={classes("flex flex-col", className)}
    >
      <div className="sticky top-0 z-10 flex items-center gap-2 border-b border-line bg-panel px-2">
        <Base.List aria-label={label} className="flex min-w-0 flex-1 overflow-x-auto">
          {tabs.map(({ id, name, note }) => (
            <Base.Tab
              key={id}
              value={id}
              className="-mb-px flex h-9 shrink-0 items-center gap-1.5 border-b-2 border-transparent px-2.5 text-muted hover:text-text focus-visible:outline-offset-[-2px] data-[active]:border-accent data-[active]:text-text"
            >
              {name}
              {note !== undefined && <span className="num text-xs text-faint">{note}</span>}
            </Base.Tab>
          ))}
        </Base.List>
        {actions}
      </div>
      {tabs.map(({ id, content }) => (
        <Base.Panel key={id} value={id} className={classes("outline-none", panelClassName)} tabIndex={-1}>
          {id === selected && content()}
        </Base.Panel>
      ))}
    </Base.Root>
  );
}
