import { CodedError } from "@weir/model";
import type { WeirConfig } from "./config-schema.ts";
import { masterKeyVariable } from "./master-key-variable.ts";

/**
 * Asks for the master key that the configuration tells how to get, and leaves it to this process and its roles in the
 * environment: a process that is started again needs no key service to answer. Rejects with CONFIG_INVALID.
 */
export async function askForMasterKeyOnce(config: Pick<WeirConfig, "masterKey">): Promise<void> {
  const { file, command } = config.masterKey;
  const isGiven = (process.env[masterKeyVariable] ?? "") !== "";
  const isElsewhere = file !== undefined || command !== undefined;
  if (!isGiven && !isElsewhere) return;
  if (isGiven && isElsewhere) {
    const places = `${masterKeyVariable} and masterKey.${file === undefined ? "command" : "file"}`;
    throw new CodedError("CONFIG_INVALID", `The master key comes from one place, not from both ${places}.`);
  }
  // Loaded only here: the supervisor needs no catalog otherwise, and stays small.
  const { readGivenKeys } = await import("./given-keys.ts");
  const given = await readGivenKeys(config, process.env);
  if (given === undefined) return;
  process.env[masterKeyVariable] = given.keys.map(({ bytes }) => bytes.toString("base64url")).join(",");
}
