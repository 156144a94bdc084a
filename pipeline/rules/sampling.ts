/** Mixes the bits of 32: ids that are counted up are spread as random ones are (MurmurHash3's finaliser). */
function mixed(bits: number): number {
  let hash = bits;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * Whether a trace is among the share that is kept. Depends on its id (hex digits) alone: all its spans have one answer,
 * in every process, and what a smaller share keeps a larger one keeps too.
 */
export function isSampled(traceId: string, share: number): boolean {
  if (share >= 1) return true;
  let hash = 0;
  for (let digit = 0; digit < traceId.length; digit += 8) {
    hash = mixed(hash ^ Number.parseInt(traceId.slice(digit, digit + 8), 16));
  }
  return hash < share * 2 ** 32;
}
