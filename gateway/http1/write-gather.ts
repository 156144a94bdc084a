import type { Socket } from "node:net";

/** Up to this size several pieces are copied into one, which is cheaper than handing the kernel a list of them. */
const copyLimitBytes = 16 << 10;

/**
 * Pieces of a message that go out in one write: what is told together costs one system call and one packet.
 */
export class WriteGather {
  /** The first `#count` of them; the array is used again, as streams write little and often. */
  readonly #pieces: (Buffer | string)[] = [];
  #count = 0;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** Text is Latin-1, as all of a head is. */
  add(piece: Buffer | string): void {
    if (piece.length === 0) return;
    this.#pieces[this.#count++] = piece;
    this.#bytes += piece.length;
  }

  /** Keeps a place for a piece that is known once those after it are: `fill` takes what this returns. */
  reserve(): number {
    this.#pieces[this.#count] = "";
    return this.#count++;
  }

  fill(place: number, piece: string): void {
    this.#pieces[place] = piece;
    this.#bytes += piece.length;
  }

  /** Hands everything to the socket; false when it wants to be left alone until "drain". */
  flush(socket: Socket): boolean {
    const count = this.#count;
    const bytes = this.#bytes;
    if (bytes === 0) return !socket.writableNeedDrain;
    this.#count = 0;
    this.#bytes = 0;
    if (count === 1) {
      const only = this.#take(0);
      return typeof only === "string" ? socket.write(only, "latin1") : socket.write(only);
    }
    return bytes <= copyLimitBytes ? socket.write(this.#joined(count, bytes)) : this.#writeAll(socket, count);
  }

  /** The array lets go of what it held. */
  #take(index: number): Buffer | string {
    const piece = this.#pieces[index] as Buffer | string;
    this.#pieces[index] = "";
    return piece;
  }

  #joined(count: number, bytes: number): Buffer {
    const all = Buffer.allocUnsafe(bytes);
    let at = 0;
    for (let index = 0; index < count; index += 1) {
      const piece = this.#take(index);
      if (typeof piece === "string") all.write(piece, at, "latin1");
      else all.set(piece, at);
      at += piece.length;
    }
    return all;
  }

  #writeAll(socket: Socket, count: number): boolean {
    let hasRoom = true;
    socket.cork();
    for (let index = 0; index < count; index += 1) {
      const piece = this.#take(index);
      if (piece.length === 0) continue;
      hasRoom = socket.write(typeof piece === "string" ? Buffer.from(piece, "latin1") : piece);
    }
    socket.uncork();
    return hasRoom || socket.writableLength === 0;
  }
}
