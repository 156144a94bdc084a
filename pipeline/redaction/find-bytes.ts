/** Up to so many bytes a plain loop beats a call into the runtime. */
const loopLimit = 96;

/** Where a byte stands first between the offsets; -1 when it does not. What is behind `to` is not looked at. */
export function indexOfByte(bytes: Buffer, byte: number, from: number, to: number): number {
  if (to - from > loopLimit) {
    const found = bytes.subarray(from, to).indexOf(byte);
    return found < 0 ? -1 : from + found;
  }
  for (let place = from; place < to; place++) if (bytes[place] === byte) return place;
  return -1;
}

/** The same of several bytes, all of which stand there. */
export function indexOfBytes(bytes: Buffer, sought: Buffer, from: number, to: number): number {
  const found = bytes.subarray(from, to).indexOf(sought);
  return found < 0 ? -1 : from + found;
}
