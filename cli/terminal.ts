/** The outside of a command: what it prints to and reads a secret from. */
export interface Terminal {
  print(line: string): void;
  /** All of standard input, without the line end; undefined when it is a terminal, where nobody piped anything. */
  readSecret(): Promise<string | undefined>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export const processTerminal: Terminal = {
  print: (line) => {
    process.stdout.write(`${line}\n`);
  },
  async readSecret() {
    if (process.stdin.isTTY) return undefined;
    process.stdin.setEncoding("utf8");
    let text = "";
    for await (const chunk of process.stdin) text += chunk;
    return text.trim() || undefined;
  },
  environment: process.env,
};

/** Rows as aligned columns under a heading, for people. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
