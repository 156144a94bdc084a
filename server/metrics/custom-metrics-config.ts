import { problemOf, rowCondition } from "@weir/pipeline";
import { fieldNamed, parseExpression } from "@weir/query";
import { z } from "zod";

/** What begins the names of Weir's own metrics. */
const ownNames =
  /^(?:weir_|gen_ai_|http_|process_|nodejs_|target_info$|tokens_counter$|prompt_tokens$|completion_tokens$)/;

const metricName = z
  .string()
  .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,119}$/)
  .refine((name) => !ownNames.test(name), { error: "names of this beginning are Weir's own" });

/** A label's value: a field of the call, `project`, or an attribute. */
const labelField = z
  .string()
  .refine(isLabelField, { error: "must be a field such as `model` or `@metadata.team`, or `project`" });

const expression = z.string().superRefine((text, context) => {
  try {
    parseExpression(text, "value");
  } catch (error) {
    context.addIssue({
      code: "custom",
      message: problemOf(error),
    });
  }
});

const customMetric = z
  .strictObject({
    name: metricName,
    kind: z.enum(["counter", "gauge", "histogram"]),
    help: z.string().max(300).default("Declared in weir.yaml."),
    value: expression.default("1"),
    when: rowCondition.default(""),
    labels: z
      .record(
        z
          .string()
          .regex(/^(?!__)[a-zA-Z_][a-zA-Z0-9_]{0,59}$/)
          .refine((name) => name !== "le", { error: "`le` is the label of a histogram's bounds" }),
        labelField,
      )
      .default({}),
    buckets: z.array(z.number()).min(1).max(60).optional(),
  })
  .superRefine(({ kind, name, buckets }, context) => {
    const problem = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    if (kind === "counter" && !name.endsWith("_total")) problem("name", "a counter's name ends with `_total`");
    if (kind === "histogram" && buckets === undefined)
      problem("buckets", "a histogram needs the upper bounds of its buckets");
    if (kind !== "histogram" && buckets !== undefined) problem("buckets", "only a histogram has buckets");
    if (buckets?.some((bound, index) => index > 0 && bound <= (buckets[index - 1] ?? 0))) {
      problem("buckets", "bounds rise from one to the next");
    }
  });

export type CustomMetric = z.infer<typeof customMetric>;

/** Metrics of the user's own, under `metrics.custom` in weir.yaml. */
export const customMetrics = z
  .array(customMetric)
  .max(100)
  .superRefine((metrics, context) => {
    const names = metrics.map(({ name }) => name);
    names.forEach((name, index) => {
      if (names.indexOf(name) < index) {
        context.addIssue({ code: "custom", path: [index, "name"], message: `\`${name}\` is declared twice` });
      }
    });
  })
  .default([])
  .describe(
    "Metrics of your own over the fields of calls: `{name, kind, help, value, when, labels, buckets}`. See docs/custom-metrics.md.",
  );

function isLabelField(name: string): boolean {
  const type = name === "project" ? "text" : fieldNamed(name)?.type;
  return type === "text" || type === "attribute" || type === "flag" || type === "count";
}
