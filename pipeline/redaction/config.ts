import { nearestWord } from "@weir/model";
import { z } from "zod";
import { personalSet, secretSet } from "./detectors/index.ts";
import { problemOfPattern } from "./user-patterns.ts";

const personalNames = personalSet.map(({ name }) => name);
const everyName = [...secretSet, ...personalSet].map(({ name }) => name);
const mostPatterns = 50;
const longestPattern = 1000;

const userPattern = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,39}$/)
    .refine((name) => !everyName.includes(name), { error: "there is a detector of this name" }),
  pattern: z
    .string()
    .min(1)
    .max(longestPattern)
    .superRefine((pattern, context) => {
      const problem = problemOfPattern(pattern);
      if (problem !== undefined) context.addIssue({ code: "custom", message: `the pattern ${problem}` });
    }),
});

const secrets = z.boolean();
const personal = z.array(oneOfNames(["all", ...personalNames]));
const except = z.array(oneOfNames(everyName));
const patterns = z.array(userPattern).max(mostPatterns);

/** One of many names: of those that are not, the nearest is told rather than all. */
function oneOfNames(names: readonly string[]): z.ZodString {
  return z.string().superRefine((name, context) => {
    if (names.includes(name)) return;
    const meant = nearestWord(name, names);
    const hint = meant === undefined ? "docs/redaction.md lists them" : `did you mean ${meant}`;
    context.addIssue({ code: "custom", message: `there is no such detector; ${hint}` });
  });
}

const projectRedaction = z.strictObject({
  secrets: secrets.optional(),
  personal: personal.optional(),
  except: except.optional(),
  patterns: patterns.optional(),
});

export type ProjectRedaction = z.infer<typeof projectRedaction>;

/** What is taken out of rows before they are written, under `redaction` in weir.yaml. */
export const redactionConfig = z.strictObject({
  secrets: secrets.default(true).describe("Take out keys and tokens of known vendors. docs/redaction.md lists them."),
  personal: personal
    .default([])
    .describe("Personal data to take out: `all`, or names of detectors such as `email`, `card_number`, `iban`."),
  except: except.default([]).describe("Detectors that are not to be used."),
  patterns: patterns
    .default([])
    .describe("Patterns of your own, `{name, pattern}`, in RE2's syntax; a match becomes `[redacted:<name>]`."),
  projects: z
    .record(z.string().min(1), projectRedaction)
    .default({})
    .describe("The same settings by project; what a project does not set is as above."),
});

export type RedactionConfig = z.infer<typeof redactionConfig>;
