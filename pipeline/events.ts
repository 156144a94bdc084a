import type { EventDefinition } from "@weir/model";

export const journalFull = {
  level: "warn",
  message: "The journal is at its size limit; rows are refused until storage catches up.",
  counter: "journal_stalls",
  labels: ["producer", "reason"],
} as const satisfies EventDefinition;

export const journalRecovered = {
  level: "info",
  message: "The journal takes rows again.",
} as const satisfies EventDefinition;

export const journalWriteFailed = {
  level: "error",
  message: "The journal could not be written; what was not acknowledged was refused.",
  counter: "journal_write_failures",
  labels: ["producer", "reason"],
} as const satisfies EventDefinition;

export const callsRepeated = {
  level: "debug",
  message: "Spans tell of calls that other records tell of already; they count as steps.",
  counter: "calls_repeated",
} as const satisfies EventDefinition;

export const tornTailDropped = {
  level: "info",
  message: "A frame that a dying process did not finish, and that nobody was told of, was dropped.",
  counter: "journal_torn_tails",
} as const satisfies EventDefinition;

export const damageSetAside = {
  level: "error",
  message: "A part of a journal could not be read and was set aside.",
  counter: "journal_damaged_parts",
} as const satisfies EventDefinition;

export const batchInserted = {
  level: "debug",
  message: "A batch is stored.",
  counter: "writer_rows_inserted",
  labels: ["table"],
} as const satisfies EventDefinition;

export const insertRetried = {
  level: "warn",
  message: "Storage did not take a batch; it will be tried again.",
  counter: "writer_insert_retries",
  labels: ["code"],
} as const satisfies EventDefinition;

export const rowsSetAside = {
  level: "error",
  message: "Storage refused rows for good; they were set aside.",
  counter: "writer_rows_set_aside",
  labels: ["table"],
} as const satisfies EventDefinition;

export const rowsHeldBack = {
  level: "error",
  message: "Storage refuses rows and no more may be set aside; they stay in the journal.",
  counter: "writer_rows_held_back",
} as const satisfies EventDefinition;

export const interruptedRecorded = {
  level: "info",
  message: "A process died; the calls that it had open are recorded as interrupted.",
  counter: "writer_interrupted_calls",
} as const satisfies EventDefinition;

export const interruptedUnreadable = {
  level: "error",
  message: "A call that a process had open when it died cannot be recorded: its row is not readable.",
  counter: "writer_interrupted_calls_lost",
} as const satisfies EventDefinition;

export const writerStepFailed = {
  level: "error",
  message: "The writer could not do a step; it will try again.",
  counter: "writer_step_failures",
} as const satisfies EventDefinition;

export const writerLogDamaged = {
  level: "error",
  message: "Lines of the writer's log could not be read; rows of the batches that they named may be stored twice.",
  counter: "writer_log_damaged_lines",
} as const satisfies EventDefinition;

export const exportResent = {
  level: "debug",
  message: "An export came again, byte for byte; it was counted once.",
  counter: "exports_resent",
} as const satisfies EventDefinition;

export const exportMemoryFailed = {
  level: "warn",
  message:
    "Which exports were taken could not be written down; one that is sent again after a restart may count twice.",
  counter: "export_memory_failures",
} as const satisfies EventDefinition;

export const redacted = {
  level: "debug",
  message: "Texts were taken out of rows before they were written.",
  counter: "redactions",
  labels: ["detector"],
} as const satisfies EventDefinition;

export const spansLeftOut = {
  level: "debug",
  message: "A span is not recorded, as the rules say.",
  counter: "spans_not_recorded",
  labels: ["reason"],
} as const satisfies EventDefinition;
