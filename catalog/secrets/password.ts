import { argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { CodedError } from "@weir/model";

const argon2Async = promisify(argon2);

/** OWASP's first recommendation for argon2id: 19 MiB, two passes, one lane. */
const memoryKib = 19_456;
const passes = 2;
const hashBytes = 32;
/** Who comes when so many wait would wait for seconds. */
const mostUnderWay = 64;

/** A password's hash in the PHC format: `$argon2id$v=19$m=…,t=…,p=1$<salt>$<hash>`. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const bytes = await derive(password, salt, memoryKib, passes);
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=1$${phcText(salt)}$${phcText(bytes)}`;
}

/** Takes as long for an unknown user (`stored` null) as for a wrong password. */
export async function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  const parts = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$([\w+/]+)\$([\w+/]+)$/.exec(stored ?? "");
  const [, memory, times, salt = "", expected = ""] = parts ?? [];
  if (parts === null) {
    await derive(password, Buffer.alloc(16), memoryKib, passes);
    return false;
  }
  const bytes = await derive(password, Buffer.from(salt, "base64"), Number(memory), Number(times));
  const wanted = Buffer.from(expected, "base64");
  return bytes.length === wanted.length && timingSafeEqual(bytes, wanted);
}

let underWay = 0;

/**
 * For what anybody may ask that takes a password's hash: rejects with TOO_MANY_ATTEMPTS, before anything is counted or
 * derived, while too many are under way, from however many addresses they come.
 */
export async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  if (underWay >= mostUnderWay) {
    const message = "Too many people sign in at this moment; try again in a few seconds.";
    throw new CodedError("TOO_MANY_ATTEMPTS", message, { retryAfterMs: 3000 });
  }
  underWay += 1;
  try {
    return await work();
  } finally {
    underWay -= 1;
  }
}

// Each takes 19 MiB and a thread: one after the other, so that a flood of sign-ins starves nobody else.
let last: Promise<unknown> = Promise.resolve();

function derive(password: string, nonce: Buffer, memory: number, times: number): Promise<Buffer> {
  const options = {
    message: password.normalize("NFC"),
    nonce,
    parallelism: 1,
    tagLength: hashBytes,
    memory,
    passes: times,
  };
  const turn = last.then(() => argon2Async("argon2id", options));
  last = turn.catch(() => undefined);
  return turn;
}

function phcText(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}
