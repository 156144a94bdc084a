import { Link } from "@tanstack/react-router";
import type { LogRecord } from "@weir/api/contract";
import { ListTree } from "lucide-react";
import type { ReactNode } from "react";
import { column } from "../../design/grid-columns.ts";
import { TimeText } from "../../design/time-text.tsx";
import { Known, Unknown } from "../../design/unknown.tsx";
import { SeverityMark } from "./severity.tsx";

export const logColumns = [
  column("time", "Time", "76px", 0, false, "When it was logged."),
  column("severity", "Severity", "76px", 0, false, "How severe the sender takes it to be."),
  column("service", "Service", "minmax(80px, 140px)", 640, false, "The service that logged it."),
  column("body", "Message", "minmax(160px, 4fr)", 0, false, "What was logged."),
  column("trace", "Trace", "64px", 560, false, "The trace during which it was logged."),
] as const;

/** A trace's own list says no trace again. */
export const logColumnsOfTrace = logColumns.filter(({ id }) => id !== "trace");

const cells: Readonly<Record<string, (record: LogRecord) => ReactNode>> = {
  time: (record) => <TimeText time={record.time} className="text-muted" />,
  severity: (record) => <SeverityMark number={record.severity_number} text={record.severity_text} />,
  service: (record) => (
    <Known value={record.service_name} format={String} why="The sender names no service." className="text-muted" />
  ),
  body: (record) => <Message record={record} />,
  trace: (record) => <ToTrace record={record} />,
};

export function logCell(record: LogRecord, columnId: string): ReactNode {
  return cells[columnId]?.(record);
}

/** The kind of an event, and what was logged on one line. */
function Message({ record }: { record: LogRecord }) {
  const { event_name: event, body } = record;
  if (event === "" && body === "") return <span className="text-faint">no message</span>;
  return (
    <span className="flex min-w-0 items-center gap-2">
      {event !== "" && <span className="shrink-0 truncate font-medium">{event}</span>}
      <span className="min-w-0 truncate">{body}</span>
    </span>
  );
}

function ToTrace({ record: { trace_id, span_id } }: { record: LogRecord }) {
  if (trace_id === null) return <Unknown why="It was logged outside a trace." />;
  return (
    <Link
      to="/traces/$id"
      params={{ id: trace_id }}
      search={span_id === null ? {} : { span: span_id }}
      preload={false}
      tabIndex={-1}
      className="inline-flex items-center gap-1 align-middle text-accent hover:underline"
      data-hint={trace_id}
    >
      <ListTree size={13} aria-hidden="true" /> Trace
    </Link>
  );
}

/** For narrow lists. */
export function LogTwoLines({ record }: { record: LogRecord }) {
  return (
    <div className="flex min-w-0 flex-col justify-center">
      <div className="flex min-w-0 items-center gap-2">
        <SeverityMark number={record.severity_number} text={record.severity_text} isIconOnly />
        <div className="min-w-0 flex-1 truncate">
          <Message record={record} />
        </div>
      </div>
      <div className="flex items-center gap-2 text-xs text-faint">
        <span className="min-w-0 flex-1 truncate">{record.service_name}</span>
        <TimeText time={record.time} />
      </div>
    </div>
  );
}
