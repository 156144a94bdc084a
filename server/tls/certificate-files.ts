import { readFileSync, unwatchFile, watchFile } from "node:fs";
import { createSecureContext } from "node:tls";
import { CodedError, type ListenerCertificate, type Telemetry } from "@weir/model";
import { certificateRefused, certificateRenewed } from "../events.ts";

export interface CertificateFiles {
  /** PEM: the certificate, followed by those that it is signed with. */
  readonly certFile: string;
  /** PEM. */
  readonly keyFile: string;
}

export interface CertificateOptions extends CertificateFiles {
  readonly telemetry: Telemetry;
  /** How often the files are looked at. */
  readonly lookEveryMs?: number;
}

type Options = ListenerCertificate["options"];
type SecureServer = Parameters<ListenerCertificate["keepRenewed"]>[0];

/**
 * A certificate of two files, read again when either changes: by name, so that links that are moved to a new version
 * (certbot, Kubernetes) are followed. A pair that does not fit together, as in the middle of a renewal, is reported
 * and changes nothing. Throws CONFIG_INVALID when the first one cannot be used.
 */
export class CertificateFromFiles implements ListenerCertificate, Disposable {
  readonly #settings: CertificateOptions;
  readonly #servers = new Set<SecureServer>();
  #options: Options;
  readonly #look = () => this.#renew();

  constructor(settings: CertificateOptions) {
    this.#settings = settings;
    try {
      this.#options = readPair(settings);
    } catch (cause) {
      throw new CodedError(
        "CONFIG_INVALID",
        `The certificate ${settings.certFile} with the key ${settings.keyFile} cannot be used: ${(cause as Error).message}. Both must be PEM and belong together (tls.certFile, tls.keyFile).`,
        { cause },
      );
    }
    for (const file of [settings.certFile, settings.keyFile]) {
      watchFile(file, { interval: settings.lookEveryMs ?? 10_000, persistent: false }, this.#look);
    }
  }

  get options(): Options {
    return this.#options;
  }

  keepRenewed(server: SecureServer): void {
    this.#servers.add(server);
    server.once("close", () => this.#servers.delete(server));
  }

  [Symbol.dispose](): void {
    for (const file of [this.#settings.certFile, this.#settings.keyFile]) unwatchFile(file, this.#look);
    this.#servers.clear();
  }

  #renew(): void {
    const { telemetry, certFile } = this.#settings;
    try {
      const next = readPair(this.#settings);
      if (next.cert.equals(this.#options.cert) && next.key.equals(this.#options.key)) return;
      this.#options = next;
    } catch (error) {
      telemetry.emit(certificateRefused, { file: certFile, error: (error as Error).message });
      return;
    }
    for (const server of this.#servers) server.setSecureContext(this.#options);
    telemetry.emit(certificateRenewed, { file: certFile });
  }
}

function readPair({ certFile, keyFile }: CertificateFiles): Options {
  const options = { cert: readFileSync(certFile), key: readFileSync(keyFile), minVersion: "TLSv1.2" } as const;
  createSecureContext(options);
  return options;
}
