import type { ReactNode } from "react";

/** The frame of a settings page: one readable column. */
export function SettingsPage(props: { title: string; lead: ReactNode; actions?: ReactNode; children: ReactNode }) {
  return (
    <div className="h-full overflow-auto">
      <title>{`${props.title} · Weir`}</title>
      <div className="mx-auto flex max-w-4xl flex-col gap-5 p-4 sm:p-8">
        <header className="flex flex-wrap items-start gap-3">
          <div className="min-w-0 flex-1">
            <h1 className="text-xl font-semibold tracking-tight">{props.title}</h1>
            <p className="mt-1 max-w-2xl text-muted">{props.lead}</p>
          </div>
          {props.actions}
        </header>
        {props.children}
      </div>
    </div>
  );
}
