import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type GivenKeys, parseGivenKeys, readKeyFile } from "@weir/catalog";
import { CodedError } from "@weir/model";
import type { WeirConfig } from "./config-schema.ts";
import { masterKeyVariable } from "./master-key-variable.ts";

const run = promisify(execFile);
const longestAnswerBytes = 64 * 1024;

/**
 * The master keys that the environment, `masterKey.file` or `masterKey.command` gives; undefined where none does, and
 * Weir keeps a key of its own. Rejects with CONFIG_INVALID. Nothing that a key could be in is in an error. A supervisor
 * leaves in the environment what it read elsewhere.
 */
export async function readGivenKeys(
  { masterKey }: Pick<WeirConfig, "masterKey">,
  environment: NodeJS.ProcessEnv,
): Promise<GivenKeys | undefined> {
  const { file, command, commandTimeoutMs } = masterKey;
  const given = environment[masterKeyVariable] || undefined;
  if (file !== undefined) return parseGivenKeys(given ?? textOf(file), `masterKey.file (${file})`);
  if (command !== undefined) {
    return parseGivenKeys(given ?? (await printed(command, commandTimeoutMs)), `masterKey.command (${command[0]})`);
  }
  return given === undefined ? undefined : parseGivenKeys(given, masterKeyVariable);
}

function textOf(file: string): string {
  const text = readKeyFile(file);
  if (text !== undefined) return text;
  throw new CodedError(
    "CONFIG_INVALID",
    `masterKey.file names ${file}, which does not exist. Weir makes no key there.`,
  );
}

/** Without a shell: what is in the configuration is the program and its arguments. */
async function printed([program = "", ...parameters]: readonly string[], timeoutMs: number): Promise<string> {
  try {
    const options = {
      timeout: timeoutMs,
      killSignal: "SIGKILL",
      maxBuffer: longestAnswerBytes,
      encoding: "utf8",
    } as const;
    const running = run(program, parameters, options);
    running.child.stdin?.end();
    return (await running).stdout;
  } catch (thrown) {
    throw new CodedError(
      "CONFIG_INVALID",
      `masterKey.command (${program}) ${failureOf(thrown, timeoutMs)}. Run it by hand to see why.`,
    );
  }
}

/** Without what it printed, and without a cause that holds that. */
function failureOf(thrown: unknown, timeoutMs: number): string {
  const { code, killed, signal } = thrown as { code?: unknown; killed?: boolean; signal?: string | null };
  if (code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") return `printed more than ${longestAnswerBytes} bytes`;
  if (killed) return `did not end within ${timeoutMs} ms`;
  if (typeof code === "number") return `ended with exit code ${code}`;
  return typeof signal === "string" ? `was ended by ${signal}` : `could not be started (${String(code)})`;
}
