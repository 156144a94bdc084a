import type { Socket } from "node:net";

/** One side of a tunnel and what was read of it before. */
export interface TunnelEnd {
  readonly socket: Socket;
  readonly rest: Buffer;
}

/** What a tunnel tells. */
export interface TunnelObserver {
  /** Bytes are being passed on to the server, or to the client. */
  onUp(bytes: Buffer): void;
  onDown(bytes: Buffer): void;
  /** Called once: both sides are closed. */
  onClosed(): void;
}

/**
 * After both sides agreed on another protocol (RFC 9110 section 7.8), its bytes pass both ways as they are. Each side's
 * pace holds the other back, and the end of one is the end of the other, after what was on its way.
 */
export function openTunnel(client: TunnelEnd, server: TunnelEnd, observer: TunnelObserver): void {
  let openSides = 2;
  const onSideClosed = () => {
    openSides -= 1;
    if (openSides === 0) observer.onClosed();
  };
  connectSide(client, server.socket, (bytes) => observer.onUp(bytes), onSideClosed);
  connectSide(server, client.socket, (bytes) => observer.onDown(bytes), onSideClosed);
}

function connectSide(from: TunnelEnd, to: Socket, note: (bytes: Buffer) => void, onClosed: () => void): void {
  const pass = (bytes: Buffer) => {
    note(bytes);
    if (!to.write(bytes)) from.socket.pause();
  };
  to.on("drain", () => from.socket.resume());
  from.socket.on("error", () => {});
  from.socket.on("end", () => to.end());
  from.socket.on("close", () => {
    to.destroySoon();
    onClosed();
  });
  if (from.rest.length > 0) pass(from.rest);
  from.socket.on("data", pass);
  from.socket.resume();
}
