import { createCipheriv, createSecretKey, hash } from "node:crypto";
import type { ProjectId } from "@weir/model";

/** Tells one export from another: 96 bits of a hash over its project and its bytes as they were sent. */
export interface ExportKey {
  /** Two numbers that no call number ever is: the frame of the rows carries them among its `closes`. */
  readonly high: number;
  readonly low: number;
}

/** Above every call number, which count up from 1; 48 bits fit above it. */
export const leastKeyPart = 2 ** 52;
const keyPartBytes = 6;

/** Not a secret: a sender could only make his own exports look alike. */
const publicKey = createSecretKey("weir export keys", "latin1");
const noNonce = Buffer.alloc(12);
/** From here on GMAC, which costs a tenth of SHA-1 a byte, makes up for its start. */
const longBytes = 16 << 10;

/** The key of an export of the project. `bytes` are not kept. */
export function exportKey(project: ProjectId, bytes: Uint8Array): ExportKey {
  const digest = bytes.length < longBytes ? shortDigest(project, bytes) : longDigest(project, bytes);
  return {
    high: leastKeyPart + digest.readUIntBE(0, keyPartBytes),
    low: leastKeyPart + digest.readUIntBE(6, keyPartBytes),
  };
}

function shortDigest(project: ProjectId, bytes: Uint8Array): Buffer {
  return hash("sha1", Buffer.concat([Buffer.from(`${project}\0`), bytes]), "buffer");
}

function longDigest(project: ProjectId, bytes: Uint8Array): Buffer {
  const mac = createCipheriv("aes-128-gcm", publicKey, noNonce);
  mac.setAAD(Buffer.from(`${project}\0${bytes.length}\0`));
  mac.setAAD(bytes);
  mac.final();
  return mac.getAuthTag();
}
