import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ApiAccess, addApiCommands, processTerminal } from "@weir/cli";
import { readOtelEnvironment } from "@weir/export";
import { CodedError, type ProjectId } from "@weir/model";
import { Redaction, type RedactionConfig } from "@weir/pipeline";
import { Command, Option } from "commander";
import { loadConfig } from "./config.ts";
import { configReference } from "./config-reference.ts";
import type { WeirConfig } from "./config-schema.ts";
import { withoutSecrets } from "./config-without-secrets.ts";
import { dataPaths } from "./data-paths.ts";
import { failureText } from "./failure-text.ts";
import { ownAddress } from "./own-address.ts";
import { roleNames } from "./role.ts";

/** Settings that may be given on the command line; they win over the environment. */
interface CommonOptions {
  config?: string;
  host?: string;
  port?: string;
  workers?: string;
  dataDir?: string;
}

const program = new Command("weir")
  .description("Self-hosted observability for LLM applications and agents")
  .version(packageVersion())
  .showHelpAfterError();

withCommonOptions(program.command("start").description("start everything: gateway, receivers, API, web UI, storage"))
  .option("--demo", "also run a mock provider and a stream of traffic, in a project of its own")
  .action((options: CommonOptions & { demo?: boolean }) => start(configFrom(options), options.demo ?? false));

for (const role of roleNames) {
  withCommonOptions(program.command(role).description(`run the ${role} alone, for a supervisor of your own`)).action(
    async (options: CommonOptions) => {
      const { playRole } = await import("./play-role.ts");
      await playRole(role, configFrom(options), { index: 0, isSupervised: false });
    },
  );
}

const configCommand = program.command("config").description("the configuration");
withCommonOptions(
  configCommand.command("check").description("read file and environment, and report every problem"),
).action((options: CommonOptions) => {
  configFrom(options);
  for (const { variable, reason } of readOtelEnvironment(process.env).ignored) {
    processTerminal.print(`${variable} is ignored: ${reason}.`);
  }
  processTerminal.print("The configuration is in order.");
});
withCommonOptions(configCommand.command("print").description("print the settings in effect, secrets left out")).action(
  (options: CommonOptions) => processTerminal.print(JSON.stringify(withoutSecrets(configFrom(options)), null, 2)),
);
configCommand
  .command("reference")
  .description("print the page that describes every setting")
  .action(() => processTerminal.print(configReference().trimEnd()));

withCommonOptions(
  program
    .command("catalog")
    .description("the catalog: organisations, projects, people, keys, audit log")
    .command("copy")
    .description(
      "copy it between the SQLite file and PostgreSQL (postgres.url), whole or not at all; Weir must be stopped",
    )
    .addOption(new Option("--to <place>", "where to").choices(["postgres", "sqlite"]).makeOptionMandatory())
    .option("--replace", "give up what the other one holds"),
).action(async (options: CommonOptions & { to: "postgres" | "sqlite"; replace?: boolean }) => {
  const { copyConfiguredCatalog } = await import("./catalog-copy.ts");
  const wish = { to: options.to, replace: options.replace ?? false };
  for (const line of await copyConfiguredCatalog(configFrom(options), wish)) processTerminal.print(line);
});

withCommonOptions(
  program
    .command("redact")
    .description("what is taken out of texts before they are written")
    .command("test [text]")
    .description("print what a text (or what is piped in) becomes, and which detectors found something")
    .option("-p, --project <id>", "by the settings of this project"),
).action((text: string | undefined, options: CommonOptions & { project?: string }) =>
  testRedaction(configFrom(options).redaction, text ?? readFileSync(0, "utf8"), options.project),
);

addApiCommands(program, { access: apiAccess, terminal: processTerminal });

/** Runs the `weir` command; a failure is told in one sentence and by the exit code. */
export async function runCommandLine(): Promise<void> {
  // Whoever reads the first lines alone (`| head -1`) is gone before the last.
  process.stdout.on("error", () => undefined);
  try {
    await program.parseAsync();
  } catch (thrown) {
    process.stderr.write(`${failureText(thrown)}\n`);
    process.exitCode = 1;
  }
}

function withCommonOptions(command: Command): Command {
  return command
    .option("--config <file>", "the configuration file (default: weir.yaml where there is one)")
    .option("--host <address>", "the address to listen on")
    .option("--port <n>", "the port")
    .option("--workers <n>", "gateway processes that share the port")
    .option("--data-dir <path>", "where everything is kept");
}

function configFrom(options: CommonOptions): WeirConfig {
  const given = {
    WEIR_HOST: options.host,
    WEIR_PORT: options.port,
    WEIR_WORKERS: options.workers,
    WEIR_DATA_DIR: options.dataDir,
  };
  const overrides = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return loadConfig({
    file: options.config ?? process.env["WEIR_CONFIG"],
    environment: { ...process.env, ...overrides },
    directory: process.cwd(),
  });
}

/** The text goes to standard output, what was found to standard error. */
function testRedaction(config: RedactionConfig, text: string, project: string | undefined): void {
  const found = new Map<string, number>();
  const redactor = new Redaction(config).of(project as ProjectId | undefined);
  processTerminal.print((redactor.redactText(text, found) ?? text).replace(/\n$/, ""));
  const lines = [...found].map(([name, count]) => `${name}: ${count}`);
  process.stderr.write(`${lines.length === 0 ? "Nothing was found." : lines.join("\n")}\n`);
}

/** Loaded only here: the other commands need none of it. */
async function start(config: WeirConfig, withDemo: boolean): Promise<void> {
  const { becomeSupervisor } = await import("./run-supervisor.ts");
  await becomeSupervisor(config, withDemo);
}

/** Where the running Weir of this configuration answers, and its key for this machine's owner. */
async function apiAccess(): Promise<ApiAccess> {
  const paths = dataPaths(configFrom({}).dataDir);
  try {
    const config = JSON.parse(readFileSync(paths.configFile, "utf8")) as WeirConfig;
    const { certFile } = config.tls;
    return {
      baseUrl: ownAddress(config, config.port),
      key: readFileSync(paths.cliKeyFile, "utf8").trim(),
      ...(certFile !== undefined && { certificate: readFileSync(certFile, "utf8") }),
    };
  } catch (cause) {
    throw new CodedError(
      "PART_UNAVAILABLE",
      `No Weir has been started on ${paths.data}. Start it with: npm start; or set WEIR_DATA_DIR to where it keeps its data.`,
      { cause },
    );
  }
}

function packageVersion(): string {
  const manifest = readFileSync(join(import.meta.dirname, "..", "package.json"), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
