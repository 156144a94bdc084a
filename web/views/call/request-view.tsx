import { Link } from "@tanstack/react-router";
import type { CallDetail } from "@weir/api/contract";
import type { Conversation } from "@weir/model/browser";
import { formatAbsolute, plural } from "../../design/format.ts";
import { Unknown } from "../../design/unknown.tsx";
import { Copied, Entries, Fact, Group, Id } from "./fact-groups.tsx";
import { FactRow } from "./timing-view.tsx";

/** Who asked, where it went and how it is known: every fact of the call that is not content, time or money. */
export function RequestView({ call, conversation }: { call: CallDetail; conversation: Conversation }) {
  return (
    <div className="flex flex-col gap-6 p-4">
      <Group title="Identity">
        <Id name="Call" value={call.span_id} />
        <FactRow name="Trace">
          <Copied text={call.trace_id}>
            <Link
              to="/traces/$id"
              params={{ id: call.trace_id }}
              search={{ span: call.span_id }}
              className="font-mono text-xs text-accent hover:underline"
            >
              {call.trace_id}
            </Link>
          </Copied>
        </FactRow>
        <Id name="Parent span" value={call.parent_span_id ?? ""} why="This is the first span of its trace." />
        <Id name="Provider's id of the answer" value={call.response_id} why="The answer holds no id." />
      </Group>
      <Group title="Where it went">
        <Fact name="Recorded by" value={call.source} />
        <Fact name="Route" value={call.http_route} why="It did not come over HTTP through the gateway." />
        <Fact name="Provider" value={call.provider} />
        <Fact name="Model asked for" value={call.request_model} />
        <Fact name="Model that answered" value={call.response_model} why="The answer names no model." />
        <Fact name="Streamed" value={call.is_stream ? "yes" : "no"} />
        <Fact name="Began" value={formatAbsolute(call.start_time)} />
        <Fact name="Ended" value={formatAbsolute(call.end_time)} />
        <Fact name="Kept for" value={plural(call.retention_days, "day")} />
      </Group>
      <Group title="Attribution">
        <Filter
          name="User"
          field="user_id"
          value={call.user_id}
          why="Send the header x-weir-user, or the request's own user field."
        />
        <Filter name="Session" field="session_id" value={call.session_id} why="Send the header x-weir-session." />
        <Filter name="Service" field="service_name" value={call.service_name} why="The sender names no service." />
        <Filter
          name="Environment"
          field="environment"
          value={call.environment}
          why="The sender names no environment."
        />
        <Fact
          name="Prompt"
          value={[call.prompt_name, call.prompt_version].filter(Boolean).join(" @ ")}
          why="Send the header x-weir-prompt-name."
        />
        <Fact name="Weir key" value={call.api_key_id} why="No Weir key was used." />
        <FactRow name="Tags">
          {call.tags.length === 0 ? (
            <Unknown why="Send the header x-weir-tags." />
          ) : (
            <span className="flex flex-wrap justify-end gap-1">
              {call.tags.map((tag) => (
                <Link
                  key={tag}
                  to="/calls"
                  search={{ tag: [tag] }}
                  className="rounded bg-sunken px-1.5 text-xs hover:bg-hover"
                >
                  {tag}
                </Link>
              ))}
            </span>
          )}
        </FactRow>
      </Group>
      <Entries
        title="Parameters of the request"
        entries={Object.entries(conversation.params)}
        empty="The request has no further fields."
      />
      <Entries title="Attributes" entries={Object.entries(call.attributes)} empty="None beyond those above." />
    </div>
  );
}

function Filter({ name, field, value, why }: { name: string; field: string; value: string; why: string }) {
  return (
    <FactRow name={name}>
      {value === "" ? (
        <Unknown why={why} />
      ) : (
        <Copied text={value}>
          <Link to="/calls" search={{ [field]: [value] }} className="text-accent hover:underline">
            {value}
          </Link>
        </Copied>
      )}
    </FactRow>
  );
}
