import type { z } from "zod";

/** One setting, as the environment, the reference page and the messages need it. */
export interface Setting {
  readonly path: readonly string[];
  /** `WEIR_OTLP_GRPC_PORT`; undefined where only the file can set it. */
  readonly variable: string | undefined;
  readonly type: "number" | "boolean" | "text" | "list" | "object";
  readonly choices: readonly string[] | undefined;
  readonly defaultValue: unknown;
  readonly description: string;
  /** Its value must not appear in messages and logs. */
  readonly isSecret: boolean;
}

const secretName = /password|apiKey|secret|token|url$/i;

/** Every leaf of a schema, in the order of its declaration. Records (`providers`) are one leaf that only the file sets. */
export function settingsOf(schema: z.ZodType, path: readonly string[] = []): Setting[] {
  const { inner, defaultValue, description } = unwrap(schema);
  const shape = shapeOf(inner);
  if (shape !== undefined) {
    return Object.entries(shape).flatMap(([key, value]) => settingsOf(value, [...path, key]));
  }
  const type = leafType(inner);
  return [
    {
      path,
      variable: type === "object" ? undefined : variableOf(path),
      type,
      choices: choicesOf(inner),
      defaultValue,
      description,
      isSecret: secretName.test(path.at(-1) ?? ""),
    },
  ];
}

/** `otlp.grpcPort` is `WEIR_OTLP_GRPC_PORT`. */
export function variableOf(path: readonly string[]): string {
  const words = path.map((part) => part.replace(/([a-z0-9])([A-Z])/g, "$1_$2").replaceAll("-", "_"));
  return `WEIR_${words.join("_").toUpperCase()}`;
}

interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly defaultValue?: unknown;
  readonly shape?: Record<string, z.ZodType>;
  readonly element?: z.ZodType;
  readonly entries?: Record<string, string | number>;
}

function definition(schema: z.ZodType): Definition {
  return schema.def as unknown as Definition;
}

function unwrap(schema: z.ZodType): { inner: z.ZodType; defaultValue: unknown; description: string } {
  let inner = schema;
  let defaultValue: unknown;
  let description = schema.description ?? "";
  for (;;) {
    const { innerType, in: input, defaultValue: own } = definition(inner);
    if (own !== undefined && defaultValue === undefined) defaultValue = own;
    const next = innerType ?? input;
    if (next === undefined) return { inner, defaultValue, description };
    inner = next;
    description ||= inner.description ?? "";
  }
}

function shapeOf(schema: z.ZodType): Record<string, z.ZodType> | undefined {
  const { type, shape } = definition(schema);
  return type === "object" ? shape : undefined;
}

function choicesOf(schema: z.ZodType): readonly string[] | undefined {
  const { type, entries } = definition(schema);
  return type === "enum" && entries !== undefined ? Object.values(entries).map(String) : undefined;
}

function leafType(schema: z.ZodType): Setting["type"] {
  switch (definition(schema).type) {
    case "number":
    case "int":
      return "number";
    case "boolean":
      return "boolean";
    case "array":
      // A list of groups of settings is for the file.
      return shapeOf(unwrap(definition(schema).element ?? schema).inner) === undefined ? "list" : "object";
    case "record":
      return "object";
    default:
      return "text";
  }
}
