import { styleText } from "node:util";

const levelNames: Readonly<Record<number, string>> = { 20: "debug", 30: "info", 40: "warn", 50: "error" };
const levelColours = { debug: "gray", info: "cyan", warn: "yellow", error: "red" } as const;
const shownElsewhere = new Set(["level", "time", "process", "msg"]);

/** A JSON log line as a line for people; anything else as it is. */
export function readableLine(line: string, withColour: boolean): string {
  const entry = parseEntry(line);
  if (entry === undefined) return line;
  const level = (levelNames[entry["level"] as number] ?? "info") as keyof typeof levelColours;
  const time = new Date(entry["time"] as number).toTimeString().slice(0, 8);
  const fields = Object.entries(entry)
    .filter(([name]) => !shownElsewhere.has(name))
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
  const tag = level.padEnd(5);
  const shownTag = withColour ? styleText(levelColours[level], tag, { validateStream: false }) : tag;
  return `${time} ${shownTag} ${String(entry["process"] ?? "").padEnd(10)} ${entry["msg"]}${fields && ` ${fields}`}`;
}

function parseEntry(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const entry: unknown = JSON.parse(line);
    const isEntry = typeof entry === "object" && entry !== null && "level" in entry && "msg" in entry;
    return isEntry ? (entry as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Cuts a stream of text into lines, and hands each on without its end. */
export function lineSplitter(onLine: (line: string) => void): (chunk: string) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") onLine(line);
  };
}
