import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { connectionsQuery, installQuery } from "../data/queries.ts";
import { useScope } from "../data/scope.ts";
import { CodeBlock } from "../design/code-block.tsx";
import { CopyButton } from "../design/copy-button.tsx";
import { inputClass } from "../design/field.tsx";
import { SnippetTabs } from "../views/connect/snippet-tabs.tsx";
import { restSnippet } from "../views/connect/snippets.ts";
import { SettingsPage } from "../views/settings/settings-page.tsx";

const attribution = [
  ["x-weir-user", "Who it was done for"],
  ["x-weir-session", "The conversation or session it belongs to"],
  ["x-weir-tags", "Free labels, separated by commas"],
  ["x-weir-prompt-name", "The prompt that was used"],
  ["traceparent", "W3C trace context: the call joins the caller's trace"],
] as const;

/** Snippets that hold this install's address. */
export function ConnectPage() {
  const { project } = useScope();
  const install = useQuery(installQuery);
  const connections = useQuery(connectionsQuery(project));
  const [typed, setTyped] = useState("");
  const [isVirtual, setVirtual] = useState(false);
  const isKeyless = install.data?.is_loopback === true && project === "default" && !isVirtual;
  const weirKey = typed.trim() !== "" ? typed.trim() : isKeyless ? undefined : "weir_…";
  const held = connections.data?.data.map(({ provider }) => provider) ?? [];
  return (
    <SettingsPage
      title="Connect an SDK"
      lead="Weir stands between your application and its provider. Change the base URL and every call is recorded; bytes pass through untouched and streamed."
    >
      <Section title="Whose key does the application hold?">
        <div className="grid grid-cols-1 gap-2 sm:grid-cols-2">
          <ModeCard
            title="The provider's own key"
            isChosen={!isVirtual}
            onChoose={() => setVirtual(false)}
            text={
              isKeyless
                ? "It travels on to the provider and is never stored. On this machine, the default project needs no Weir key."
                : "It travels on to the provider and is never stored. A Weir key in x‑weir‑key names the project."
            }
          />
          <ModeCard
            title="A Weir key"
            isChosen={isVirtual}
            onChoose={() => setVirtual(true)}
            text={
              held.length > 0
                ? `Weir holds the provider's key, encrypted. Connected here: ${held.join(", ")}.`
                : "Weir holds the provider's key, encrypted. Add the provider's key under Providers first."
            }
          />
        </div>
        {!isKeyless && (
          <div className="flex flex-wrap items-center gap-2">
            <label className="flex flex-1 items-center gap-2 text-xs whitespace-nowrap text-muted">
              Weir key
              <input
                className={inputClass}
                value={typed}
                onChange={(event) => setTyped(event.target.value)}
                placeholder="weir_… (stays in this page)"
                spellCheck={false}
              />
            </label>
            <Link to="/settings/keys" className="text-xs text-accent hover:underline">
              Make a key
            </Link>
          </div>
        )}
        <SnippetTabs origin={location.origin} weirKey={weirKey} isVirtual={isVirtual} />
      </Section>
      <Section title="Every provider by its path">
        <p className="text-muted">What follows the provider's name is appended to its own address.</p>
        <ul className="grid grid-cols-1 gap-x-6 sm:grid-cols-2">
          {install.data?.providers.map(({ id, name }) => (
            <li key={id} className="flex h-8 min-w-0 items-center gap-2 border-b border-line">
              <span className="w-24 shrink-0 truncate sm:w-32">{name}</span>
              <code className="min-w-0 flex-1 truncate font-mono text-xs text-muted">{`${location.origin}/${id}`}</code>
              <CopyButton text={`${location.origin}/${id}`} label={`Copy the address of ${name}`} />
            </li>
          ))}
        </ul>
      </Section>
      <Section title="Say who and what for">
        <p className="text-muted">Headers that Weir reads and keeps from the provider.</p>
        <dl>
          {attribution.map(([header, meaning]) => (
            <div key={header} className="flex min-h-8 flex-wrap items-center gap-x-4 border-b border-line py-1">
              <dt className="w-44 font-mono text-xs">{header}</dt>
              <dd className="text-muted">{meaning}</dd>
            </div>
          ))}
        </dl>
      </Section>
      <Section title="Send spans yourself">
        <p className="text-muted">For what passes no proxy: agents, tools, and calls recorded elsewhere.</p>
        <CodeBlock code={restSnippet(location.origin, weirKey)} title="POST /api/v1/traces" />
        <a href="/docs" className="text-accent hover:underline">
          The whole API, interactive
        </a>
      </Section>
    </SettingsPage>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="flex min-w-0 flex-col gap-3">
      <h2 className="text-base font-semibold">{title}</h2>
      {children}
    </section>
  );
}

function ModeCard(props: { title: string; text: string; isChosen: boolean; onChoose: () => void }) {
  return (
    <button
      type="button"
      aria-pressed={props.isChosen}
      onClick={props.onChoose}
      className={`rounded-lg border p-3 text-left ${props.isChosen ? "border-accent bg-accent-soft" : "border-line bg-panel hover:border-line-strong"}`}
    >
      <span className="font-medium">{props.title}</span>
      <span className="mt-1 block text-xs text-muted">{props.text}</span>
    </button>
  );
}
