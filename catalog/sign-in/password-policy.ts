import { CodedError } from "@weir/model";

const leastLength = 10;
const longestLength = 1024;
const leastDifferentCharacters = 5;
const common =
  /^(password|passwort|senha|motdepasse|qwerty|qwertz|azerty|letmein|welcome|iloveyou|changeme|admin)[\d\W_]*$/i;

/**
 * Throws BAD_REQUEST when a new password is too easy to guess: shorter than ten characters, few different ones, a run
 * such as `1234567890`, a word that everybody tries first, or the account's own address. Nothing else is demanded.
 */
export function checkNewPassword(password: string, email: string): void {
  const problem = problemOf(password.normalize("NFC"), email.toLowerCase());
  if (problem === undefined) return;
  const message = `The password ${problem}.`;
  throw new CodedError("BAD_REQUEST", message, { details: [{ path: "password", message: problem }] });
}

function problemOf(password: string, email: string): string | undefined {
  const characters = [...password];
  if (characters.length < leastLength) return `must have at least ${leastLength} characters`;
  if (characters.length > longestLength) return `must have at most ${longestLength} characters`;
  if (new Set(characters).size < leastDifferentCharacters || isRun(password)) return "is a simple pattern";
  if (common.test(password)) return "is one that everybody tries first";
  const [name = ""] = email.split("@", 1);
  const lower = password.toLowerCase();
  if (lower === email || (name.length >= 4 && lower.replace(/[\d\W_]/g, "") === name.replace(/[\d\W_]/g, ""))) {
    return "is the account's own address";
  }
  return undefined;
}

/** Each character follows the one before: `abcdefghij`, `9876543210`. */
function isRun(password: string): boolean {
  const steps = new Set<number>();
  for (let index = 1; index < password.length; index++) {
    steps.add(password.charCodeAt(index) - password.charCodeAt(index - 1));
  }
  steps.delete(-9);
  steps.delete(9);
  return steps.size <= 1;
}
