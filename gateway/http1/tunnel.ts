import type { Socket } from "node:net";

/** One side of a tunnel and what was read of it before. */
export interface TunnelEnd {
  readonly socket: Socket;
  readonly rest: Buffer;
}

/** What a tunnel tells. */
export interface TunnelObserver {
  /** Bytes have been passed on to the server, or to the client. */
  onUp(bytes: Buffer): void;
  onDown(bytes: Buffer): void;
  /** Called once: both sides are closed, this one first. */
  onClosed(first: "client" | "server"): void;
}

/**
 * After both sides agreed on another protocol (RFC 9110 section 7.8), its bytes pass both ways as they are. Each side's
 * pace holds the other back, and the end of one is the end of the other, after what was on its way.
 */
export function openTunnel(client: TunnelEnd, server: TunnelEnd, observer: TunnelObserver): void {
  let openSides = 2;
  let first: "client" | "server" | undefined;
  const onEnded = (side: "client" | "server") => {
    first ??= side;
  };
  const onSideClosed = () => {
    openSides -= 1;
    if (openSides === 0) observer.onClosed(first ?? "client");
  };
  connectSide(client, server.socket, {
    onPassed: (bytes) => observer.onUp(bytes),
    onEnded: () => onEnded("client"),
    onClosed: onSideClosed,
  });
  connectSide(server, client.socket, {
    onPassed: (bytes) => observer.onDown(bytes),
    onEnded: () => onEnded("server"),
    onClosed: onSideClosed,
  });
}

interface SideObserver {
  onPassed(bytes: Buffer): void;
  onEnded(): void;
  onClosed(): void;
}

function connectSide(from: TunnelEnd, to: Socket, observer: SideObserver): void {
  const pass = (bytes: Buffer) => {
    if (!to.write(bytes)) from.socket.pause();
    observer.onPassed(bytes);
  };
  to.on("drain", () => from.socket.resume());
  from.socket.on("error", () => {});
  from.socket.on("end", () => {
    observer.onEnded();
    to.end();
  });
  from.socket.on("close", () => {
    observer.onEnded();
    to.destroySoon();
    observer.onClosed();
  });
  if (from.rest.length > 0) pass(from.rest);
  from.socket.on("data", pass);
  from.socket.resume();
}
