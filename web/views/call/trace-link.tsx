import { Link } from "@tanstack/react-router";
import type { CallDetail } from "@weir/api/contract";
import { ListTree } from "lucide-react";
import { buttonClass } from "../../design/button.tsx";

/** To the call's place in its trace. */
export function TraceLink({ call }: { call: CallDetail }) {
  return (
    <Link
      to="/traces/$id"
      params={{ id: call.trace_id }}
      search={{ span: call.span_id }}
      className={buttonClass("quiet", "small")}
    >
      <ListTree size={13} aria-hidden="true" /> Trace
    </Link>
  );
}
