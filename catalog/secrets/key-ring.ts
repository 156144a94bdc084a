import { CodedError, type Telemetry } from "@weir/model";
import { type MasterKey, masterKeyOf, nextKeyFile, readMasterKey, readOrCreateMasterKey } from "./master-key.ts";
import { sealedWith, unseal } from "./sealing.ts";

/** Master keys that come from outside: the environment, a file of the operator's, a key service. Weir writes none of them. */
export interface GivenKeys {
  /** Where they come from, for messages: `WEIR_MASTER_KEY`. */
  readonly source: string;
  /** The first one seals; the others open what was sealed with them before. */
  readonly keys: readonly [MasterKey, ...MasterKey[]];
}

/** Where the master key is. The file is Weir's own, made when no key is given; beside given keys it only opens. */
export interface MasterKeyPlace {
  readonly secretKeyFile: string;
  readonly givenKeys?: GivenKeys | undefined;
}

/** The keys of a process. */
export interface KeyRing {
  /** What is sealed from now on is sealed with it. */
  readonly sealing: MasterKey;
  /** The sealing one among them. A sealed secret says which of them opens it. */
  readonly opening: readonly MasterKey[];
}

/** Keys as text: one, or several with spaces, commas or line ends between them. Throws CONFIG_INVALID, which shows nothing of it. */
export function parseGivenKeys(text: string, source: string): GivenKeys {
  const [first, ...others] = text
    .split(/[\s,]+/)
    .filter((part) => part !== "")
    .map((part) => masterKeyOf(part));
  const rest = others.filter((key) => key !== undefined);
  if (first === undefined || rest.length < others.length) {
    throw new CodedError(
      "CONFIG_INVALID",
      `${source} gives no master key: 32 random bytes as base64, such as \`openssl rand -base64 32\` prints; older keys may follow it.`,
    );
  }
  return { source, keys: [first, ...rest] };
}

/** The keys there are now; none while Weir's own is still to be made. */
export function readKeys({ secretKeyFile, givenKeys }: MasterKeyPlace): readonly MasterKey[] {
  const own = [readMasterKey(secretKeyFile), readMasterKey(nextKeyFile(secretKeyFile))];
  return [...(givenKeys?.keys ?? []), ...own.filter((key) => key !== undefined)];
}

/** The keys to work with; Weir's own is made when there is none and none is given. */
export function openKeyRing(place: MasterKeyPlace, telemetry: Telemetry): KeyRing {
  const sealing = place.givenKeys?.keys[0] ?? readOrCreateMasterKey(place.secretKeyFile, telemetry);
  return { sealing, opening: readKeys(place) };
}

/** The secret; undefined when none of the keys sealed it, or it belongs elsewhere. */
export function unsealWith(keys: readonly MasterKey[], sealed: string, boundTo: readonly string[]): string | undefined {
  const key = keys.find((each) => sealedWith(sealed, each));
  return key === undefined ? undefined : unseal(sealed, key, boundTo);
}
