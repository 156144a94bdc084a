import type { CallDetail } from "@weir/api/contract";
import { CodeBlock } from "../../design/code-block.tsx";
import { formatInteger } from "../../design/format.ts";
import { prettyJson } from "../../design/json-tokens.ts";

/** What was asked and answered as it was kept, and the row itself. */
export function RawView({ call }: { call: CallDetail }) {
  const { input, output, ...row } = call;
  return (
    <div className="flex flex-col gap-4 p-4">
      <Body name="Request" text={input} format={call.content_format} />
      <Body
        name={call.is_stream ? "Response, assembled from its stream" : "Response"}
        text={output}
        format={call.content_format}
      />
      <CodeBlock title="The row, as the API gives it" language="json" code={JSON.stringify(row, null, 2)} />
    </div>
  );
}

function Body({ name, text, format }: { name: string; text: string; format: string }) {
  if (text === "") return <p className="text-faint">{name}: nothing was kept.</p>;
  const json = prettyJson(text);
  const title = `${name} · ${format || "unknown format"} · ${formatInteger(text.length)} characters`;
  return (
    <CodeBlock
      title={title}
      code={json ?? text}
      wrap={json === undefined}
      {...(json === undefined ? {} : { language: "json" })}
    />
  );
}
