import { useState } from "react";
import { classes } from "../../design/classes.ts";
import { CodeBlock } from "../../design/code-block.tsx";
import { type SnippetInput, type SnippetProvider, snippetsFor } from "./snippets.ts";

const providers: { id: SnippetProvider; name: string }[] = [
  { id: "openai", name: "OpenAI" },
  { id: "anthropic", name: "Anthropic" },
];

const chipClass = (isChosen: boolean) =>
  classes(
    "h-7 rounded-md px-2.5 text-xs",
    isChosen ? "bg-accent-soft font-medium text-accent-strong" : "text-muted hover:bg-hover hover:text-text",
  );

/** Snippets by provider and language. */
export function SnippetTabs(input: SnippetInput) {
  const [provider, setProvider] = useState<SnippetProvider>("openai");
  const [language, setLanguage] = useState("python");
  const snippets = snippetsFor(provider, input);
  const shown = snippets.find(({ id }) => id === language) ?? snippets[0];
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-1">
        {providers.map(({ id, name }) => (
          <button
            key={id}
            type="button"
            aria-pressed={id === provider}
            className={chipClass(id === provider)}
            onClick={() => setProvider(id)}
          >
            {name}
          </button>
        ))}
        <span aria-hidden="true" className="mx-1 h-4 w-px bg-line-strong" />
        {snippets.map(({ id, name }) => (
          <button
            key={id}
            type="button"
            aria-pressed={id === shown?.id}
            className={chipClass(id === shown?.id)}
            onClick={() => setLanguage(id)}
          >
            {name}
          </button>
        ))}
      </div>
      {shown && <CodeBlock code={shown.code} title={shown.name} />}
    </div>
  );
}
