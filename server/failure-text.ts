import { CodedError } from "@weir/model";

/** What is told to the user of a failure: the sentence of a coded error, each problem of a configuration, or a stack. */
export function failureText(thrown: unknown): string {
  if (!(thrown instanceof CodedError)) return String((thrown as Error).stack ?? thrown);
  return thrown.code === "CONFIG_INVALID" ? configProblems(thrown.message) : thrown.message;
}

function configProblems(message: string): string {
  const lines = message.split("\n");
  const title =
    lines.length === 1 ? "The configuration has a problem:" : `The configuration has ${lines.length} problems:`;
  return [title, ...lines.map((line) => `  ${line}`)].join("\n");
}
