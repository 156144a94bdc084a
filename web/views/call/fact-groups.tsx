import type { ReactNode } from "react";
import { CopyButton } from "../../design/copy-button.tsx";
import { Unknown } from "../../design/unknown.tsx";
import { FactRow } from "./timing-view.tsx";

/** Facts under a heading. */
export function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h2 className="mb-1 font-medium">{title}</h2>
      <dl>{children}</dl>
    </section>
  );
}

/** With a button that copies the text. */
export function Copied({ text, children }: { text: string; children: ReactNode }) {
  return (
    <span className="inline-flex max-w-full items-center justify-end gap-0.5">
      <span className="min-w-0 truncate">{children}</span>
      <CopyButton text={text} label="Copy" />
    </span>
  );
}

/** An identifier, to be copied. */
export function Id({ name, value, why = "It is not known." }: { name: string; value: string; why?: string }) {
  return (
    <FactRow name={name}>
      {value === "" ? (
        <Unknown why={why} />
      ) : (
        <Copied text={value}>
          <span className="font-mono text-xs">{value}</span>
        </Copied>
      )}
    </FactRow>
  );
}

/** A plain value, or why there is none. */
export function Fact({ name, value, why = "It is not known." }: { name: string; value: string; why?: string }) {
  return (
    <FactRow name={name}>{value === "" ? <Unknown why={why} /> : <span className="break-words">{value}</span>}</FactRow>
  );
}

/** Names and values as the sender chose them; long values are cut, and copied whole. */
export function Entries({
  title,
  entries,
  empty,
}: {
  title: string;
  entries: readonly (readonly [string, unknown])[];
  empty: string;
}) {
  return (
    <section>
      <h2 className="mb-1 font-medium">{title}</h2>
      {entries.length === 0 && <p className="text-faint">{empty}</p>}
      <dl>
        {entries.map(([name, value]) => {
          const text = typeof value === "string" ? value : JSON.stringify(value);
          return (
            <div
              key={name}
              className="grid grid-cols-[minmax(120px,35%)_minmax(0,1fr)] gap-3 border-b border-line py-1 last:border-0"
            >
              <dt className="font-mono text-xs break-all text-muted">{name}</dt>
              <dd className="group flex items-start gap-1 font-mono text-xs">
                <span className="min-w-0 flex-1 break-all">{text.length > 600 ? `${text.slice(0, 600)}…` : text}</span>
                <CopyButton
                  text={text}
                  label={`Copy ${name}`}
                  className="-my-1 opacity-0 group-focus-within:opacity-100 group-hover:opacity-100"
                />
              </dd>
            </div>
          );
        })}
      </dl>
    </section>
  );
}
