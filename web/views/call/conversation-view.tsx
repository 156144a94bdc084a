import type { CallDetail } from "@weir/api/contract";
import type { Conversation, Message, ToolDefinition } from "@weir/model/browser";
import { type ReactNode, useMemo, useState } from "react";
import { Button } from "../../design/button.tsx";
import { classes } from "../../design/classes.ts";
import { CodeBlock } from "../../design/code-block.tsx";
import { CopyButton } from "../../design/copy-button.tsx";
import { formatInteger, plural } from "../../design/format.ts";
import { messageText } from "./conversation-text.ts";
import { earlierCount, lengthOf, toolResults, withoutPairedResults } from "./fold.ts";
import { Fold, LongText, Parts, ReadingContext } from "./message-parts.tsx";

const contentNotes: Readonly<Record<string, string>> = {
  off: "Content is not kept for this call: recording of content is off.",
  dropped: "The content was not kept: it is not JSON (a file, audio or an image), or there was no room for it.",
  expired: "The content was kept for as long as the project's settings say, and has expired.",
  truncated: "The content was longer than the limit and is cut off; what was kept is shown.",
};

/** A call read as a conversation: role in the gutter, tool calls as cards, reasoning and history folded. */
export function ConversationView({ call, conversation }: { call: CallDetail; conversation: Conversation }) {
  const [isPlain, setPlain] = useState(false);
  const everything = useMemo(
    () => [...conversation.messages, ...(conversation.response === null ? [] : [conversation.response])],
    [conversation],
  );
  const reading = useMemo(() => ({ isPlain, results: toolResults(everything) }), [isPlain, everything]);
  const note = contentNotes[call.content_state];
  const isEmpty = everything.length === 0 && conversation.system === "";
  return (
    <ReadingContext value={reading}>
      <div className="flex flex-col pb-8">
        <div className="flex items-center gap-2 px-4 pt-3 pb-1">
          <Params params={conversation.params} />
          <Button size="small" variant="quiet" aria-pressed={isPlain} onClick={() => setPlain(!isPlain)}>
            {isPlain ? "Render Markdown" : "Plain text"}
          </Button>
        </div>
        {note !== undefined && <p className="mx-4 my-1 rounded-md bg-warn-soft px-3 py-2">{note}</p>}
        {conversation.tools.length > 0 && <Tools tools={conversation.tools} />}
        {conversation.system !== "" && (
          <Turn who="system" length={conversation.system.length}>
            <LongText text={conversation.system} limit={480} />
          </Turn>
        )}
        <Messages messages={conversation.messages} />
        {conversation.response !== null && (
          <Turn who={conversation.response.role} isAnswer text={messageText(conversation.response)}>
            <Parts parts={conversation.response.parts} />
          </Turn>
        )}
        {conversation.alternatives.map((answer, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: recorded answers never move.
          <Turn key={index} who={`answer ${index + 2}`} isAnswer text={messageText(answer)}>
            <Parts parts={answer.parts} />
          </Turn>
        ))}
        {conversation.response === null && !isEmpty && (
          <p className="px-4 py-3 text-faint">
            {call.status === "ok" ? "No answer was kept." : `No answer: the call ended as ${call.status}.`}
          </p>
        )}
        {isEmpty && note === undefined && (
          <p className="px-4 py-3 text-faint">This {call.kind === "llm" ? "call" : "step"} has no content.</p>
        )}
      </div>
    </ReadingContext>
  );
}

function Messages({ messages }: { messages: readonly Message[] }) {
  const read = useMemo(() => withoutPairedResults(messages), [messages]);
  const earlier = earlierCount(read);
  const [isOpen, setOpen] = useState(false);
  const shown = isOpen ? read : read.slice(earlier);
  const first = isOpen ? 0 : earlier;
  const hiddenLength = read.slice(0, earlier).reduce((sum, { parts }) => sum + lengthOf(parts), 0);
  return (
    <>
      {earlier > 0 && (
        <div className="px-4 py-1">
          <Button
            size="small"
            variant="quiet"
            aria-expanded={isOpen}
            className="w-full justify-center border border-dashed border-line-strong"
            onClick={() => setOpen(!isOpen)}
          >
            {isOpen
              ? "Fold the earlier messages"
              : `${plural(earlier, "earlier message")}, ${formatInteger(hiddenLength)} characters`}
          </Button>
        </div>
      )}
      {shown.map((message, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: recorded messages never move.
        <Turn key={first + index} who={message.role} name={message.name} text={messageText(message)}>
          <Parts parts={message.parts} />
        </Turn>
      ))}
    </>
  );
}

interface TurnProps {
  readonly who: string;
  readonly name?: string | undefined;
  readonly text?: string;
  readonly length?: number;
  readonly isAnswer?: boolean;
  readonly children: ReactNode;
}

/** One message: its role in the gutter, its content beside it. */
function Turn({ who, name, text = "", length, isAnswer = false, children }: TurnProps) {
  return (
    <section
      aria-label={isAnswer ? "Answer" : `Message of ${who}`}
      className={classes(
        "group grid grid-cols-[84px_minmax(0,1fr)] gap-x-3 border-t border-line px-4 py-3 first:border-0 max-sm:grid-cols-1 max-sm:gap-y-1",
        isAnswer && "bg-accent-soft/40",
      )}
    >
      <div className="flex items-start gap-1 text-xs sm:flex-col">
        <span
          className={classes(
            "font-medium break-words",
            who === "user" ? "text-text" : who === "assistant" || isAnswer ? "text-accent" : "text-muted",
          )}
        >
          {who}
        </span>
        {name !== undefined && <span className="max-w-full truncate text-faint">{name}</span>}
        {length !== undefined && <span className="num text-2xs text-faint">{formatInteger(length)} chars</span>}
        {text !== "" && (
          <span className="opacity-0 transition-opacity group-focus-within:opacity-100 group-hover:opacity-100">
            <CopyButton text={text} label="Copy this message" />
          </span>
        )}
      </div>
      <div className="min-w-0">{children}</div>
    </section>
  );
}

function Tools({ tools }: { tools: readonly ToolDefinition[] }) {
  return (
    <Fold
      className="px-4"
      title={`${plural(tools.length, "tool")} offered`}
      note={tools
        .map(({ name }) => name)
        .slice(0, 4)
        .join(", ")}
    >
      {() =>
        tools.map(({ name, description, parameters }) => (
          <Fold
            key={name}
            title={<span className="font-mono text-xs text-text">{name}</span>}
            note={description.slice(0, 80)}
          >
            {() => (
              <div className="flex flex-col gap-2">
                {description !== "" && <p className="whitespace-pre-wrap text-muted">{description}</p>}
                {parameters !== null && parameters !== undefined && (
                  <CodeBlock language="json" code={JSON.stringify(parameters, null, 2)} />
                )}
              </div>
            )}
          </Fold>
        ))
      }
    </Fold>
  );
}

/** The request's other fields, those that are short. */
function Params({ params }: { params: Readonly<Record<string, unknown>> }) {
  const short = Object.entries(params)
    .filter(([name]) => name !== "model" && name !== "stream" && name !== "stream_options")
    .map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)] as const)
    .filter((entry): entry is readonly [string, string] => typeof entry[1] === "string");
  return (
    <ul aria-label="Parameters" className="flex min-w-0 flex-1 flex-wrap gap-1.5">
      {short.map(([name, value]) => (
        <li
          key={name}
          className="max-w-64 truncate rounded bg-sunken px-1.5 font-mono text-2xs leading-5 text-muted"
          data-hint={`${name}: ${value.slice(0, 600)}`}
        >
          {name} <span className="text-text">{value}</span>
        </li>
      ))}
    </ul>
  );
}
