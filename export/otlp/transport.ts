import type { Signal } from "@weir/otlp";

/** What a collector said to one request. `retryable`: the same bytes may be taken later. */
export type SendResult =
  | { readonly outcome: "accepted"; readonly rejectedCount: number; readonly reason: string }
  | { readonly outcome: "retryable"; readonly reason: string; readonly retryAfterMs?: number | undefined }
  | { readonly outcome: "refused"; readonly reason: string };

/** Carries encoded requests to one collector. `send` never rejects. */
export interface Transport extends AsyncDisposable {
  send(signal: Signal, body: Buffer): Promise<SendResult>;
}

export interface TransportOptions {
  readonly endpoint: URL;
  /** Over HTTP: the endpoint's path is the whole path. */
  readonly isFullEndpoint: boolean;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly isCompressed: boolean;
  readonly timeoutMs: number;
  readonly tls: TlsFiles;
}

/** The content of PEM files. */
export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Why a request failed before there was an answer, without addresses or credentials. */
export function failureReason(thrown: unknown): string {
  const { code, message } = thrown as NodeJS.ErrnoException;
  return code ?? message ?? "failed";
}
