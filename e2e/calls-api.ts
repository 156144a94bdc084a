import type { Weir } from "./weir-process.ts";

/** The fields of a call that the tests look at; see `GET /api/v1/calls` in the API's documentation. */
export interface CallSummary {
  readonly span_id: string;
  readonly trace_id: string;
  readonly parent_span_id: string | null;
  readonly project_id: string;
  readonly start_time: string;
  readonly duration_ns: number;
  readonly provider: string;
  readonly request_model: string;
  readonly response_model: string;
  readonly status: string;
  readonly http_status: number | null;
  readonly error_type: string;
  readonly is_stream: boolean;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly cache_read_tokens: number | null;
  readonly cache_write_tokens: number | null;
  readonly reasoning_tokens: number | null;
  readonly cost_nano_usd: number | null;
  readonly ttft_ns: number | null;
  readonly finish_reason: string;
  readonly user_id: string;
  readonly session_id: string;
  readonly tags: readonly string[];
  readonly api_key_id: string;
}

export interface CallDetail extends CallSummary {
  readonly content_format: string;
  readonly content_state: string;
  readonly input: string;
  readonly output: string;
  readonly response_id: string;
  readonly gateway_ns: number | null;
  readonly chunk_count: number | null;
}

interface Page<Item> {
  readonly data: readonly Item[];
  readonly next_cursor: string | null;
}

/** Every call that a query finds, page after page. */
export async function listCalls(weir: Weir, query: Readonly<Record<string, string>>): Promise<CallSummary[]> {
  const calls: CallSummary[] = [];
  let cursor: string | null = null;
  do {
    const parameters = new URLSearchParams({ limit: "200", ...query, ...(cursor === null ? {} : { cursor }) });
    const page: Page<CallSummary> = await weir.json(`/api/v1/calls?${parameters}`);
    calls.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return calls;
}

/** Waits until a user has this many calls, and gives them with everything known, the oldest first. */
export async function callsOfUser(weir: Weir, user: string, count = 1, withinMs = 60_000): Promise<CallDetail[]> {
  let found: CallSummary[] = [];
  await weir.until(`recorded: ${count} call(s) of ${user}`, withinMs, async () => {
    found = await listCalls(weir, { user_id: user });
    return found.length >= count;
  });
  const oldestFirst = found.toSorted((a, b) => a.start_time.localeCompare(b.start_time));
  return Promise.all(oldestFirst.map(({ span_id }) => weir.json<CallDetail>(`/api/v1/calls/${span_id}`)));
}

let users = 0;

/** A name that no other test has. */
export function newUser(): string {
  users += 1;
  return `e2e-user-${process.pid}-${users}`;
}
