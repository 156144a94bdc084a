import type { ReactNode } from "react";
import { WeirMark } from "./weir-mark.tsx";

/** A page for who is not signed in: one narrow column under the mark. */
export function EntryPage({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="h-full overflow-auto">
      <title>{`${title} · Weir`}</title>
      <div className="mx-auto flex min-h-full w-full max-w-sm flex-col justify-center gap-6 p-6">
        <div className="flex items-center gap-3">
          <WeirMark size={36} />
          <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
        </div>
        {children}
      </div>
    </main>
  );
}
