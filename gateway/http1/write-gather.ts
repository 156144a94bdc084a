import type { Socket } from "node:net";

/** Up to this size several pieces are copied into one, which is cheaper than handing the kernel a list of them. */
const copyLimitBytes = 16 << 10;

/**
 * Pieces of a message that go out in one write: what is told together costs one system call and one packet.
 */
export class WriteGather {
  #pieces: (Buffer | string)[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** Text is Latin-1, as all of a head is. */
  add(piece: Buffer | string): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }

  /** Hands everything to the socket; false when it wants to be left alone until "drain". */
  flush(socket: Socket): boolean {
    const pieces = this.#pieces;
    const bytes = this.#bytes;
    if (bytes === 0) return !socket.writableNeedDrain;
    this.#pieces = [];
    this.#bytes = 0;
    const [first] = pieces;
    if (pieces.length === 1 && first !== undefined) {
      return typeof first === "string" ? socket.write(first, "latin1") : socket.write(first);
    }
    return bytes <= copyLimitBytes ? socket.write(joined(pieces, bytes)) : writeAll(socket, pieces);
  }
}

function joined(pieces: readonly (Buffer | string)[], bytes: number): Buffer {
  const all = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const piece of pieces) {
    if (typeof piece === "string") all.write(piece, at, "latin1");
    else all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function writeAll(socket: Socket, pieces: readonly (Buffer | string)[]): boolean {
  let hasRoom = true;
  socket.cork();
  for (const piece of pieces) {
    hasRoom = typeof piece === "string" ? socket.write(Buffer.from(piece, "latin1")) : socket.write(piece);
  }
  socket.uncork();
  return hasRoom || socket.writableLength === 0;
}
