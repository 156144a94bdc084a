import { FilterError, parseFilter, unmatchableFields } from "@weir/query";
import { z } from "zod";

/** A filter in text form that is decided on a row by itself: any field but those that are searched by words. */
export const rowCondition = z.string().superRefine((text, context) => {
  try {
    const [content] = unmatchableFields(parseFilter(text, "when"));
    if (content !== undefined) {
      context.addIssue({
        code: "custom",
        message: `\`${content}\` is searched by words, which a condition here cannot`,
      });
    }
  } catch (error) {
    context.addIssue({ code: "custom", message: problemOf(error) });
  }
});

/** What is wrong with a text of the query language, as the end of a sentence. */
export function problemOf(error: unknown): string {
  if (!(error instanceof FilterError)) return String(error);
  const place = error.position === undefined ? "" : ` (column ${error.position + 1})`;
  const hint = error.suggestion === undefined ? "" : `; did you mean ${error.suggestion}`;
  return `${error.problem}${place}${hint}`;
}

const recordingRule = z.strictObject({
  when: rowCondition.default(""),
  projects: z.array(z.string().min(1)).optional(),
  record: z.boolean().default(true),
  sample: z.number().min(0).max(1).default(1),
  tail: z.boolean().default(false),
  content: z.boolean().default(true),
  retentionDays: z.int().min(1).max(3650).optional(),
});

export type RecordingRule = z.infer<typeof recordingRule>;

const keptTraces = z.strictObject({
  when: rowCondition,
  projects: z.array(z.string().min(1)).optional(),
});

/** What is recorded of spans, under `recording` in weir.yaml. */
export const recordingConfig = z.strictObject({
  rules: z
    .array(recordingRule)
    .max(100)
    .default([])
    .describe(
      "What is recorded of which calls: `{when, projects, record, sample, tail, content, retentionDays}`; the first rule that fits decides. See docs/recording.md.",
    ),
  keepTraces: z
    .array(keptTraces)
    .max(100)
    .default([])
    .describe(
      "Traces that are kept whole, `{when, projects}`: those of which any span fits. Of what rules with `tail: true` do not sample.",
    ),
  holdMinutes: z
    .number()
    .min(0.05)
    .max(7 * 24 * 60)
    .default(10)
    .describe("So long after a trace's last span it is decided whether it is kept."),
});

export type RecordingConfig = z.infer<typeof recordingConfig>;
