import { lookup as resolve } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { addressRanges } from "./address-ranges.ts";
import { CodedError } from "./errors.ts";

/** Networks by what they are; RFC 6890 and the registries of special-purpose addresses of IANA. */
const privateNetworks = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "::/96",
  "64:ff9b::/96",
  "64:ff9b:1::/48",
  "100::/64",
  "2001::/23",
  "2001:db8::/32",
  "2002::/16",
  "fc00::/7",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8",
] as const;

/** Where clouds tell a machine its credentials: never the target of a URL that a user gave, whatever is allowed. */
const metadataAddresses = [
  "169.254.169.254",
  "169.254.170.2",
  "169.254.170.23",
  "100.100.100.200",
  "fd00:ec2::254",
] as const;

/**
 * Keeps URLs that a user gave (a provider's base URL, a webhook, an identity provider) from reaching into this
 * machine's or the operator's network. A name is judged by what it resolves to, at the moment of connecting, so that a
 * name that is answered differently the second time gains nothing.
 */
export class OutgoingGuard {
  readonly #isPrivate = addressRanges(privateNetworks);
  readonly #isAllowed: (address: string) => boolean;
  readonly #isMetadata = addressRanges(metadataAddresses);

  /** `allowedRanges`: addresses and networks (`10.1.0.0/16`) that may be reached although they are private. */
  constructor(allowedRanges: readonly string[]) {
    this.#isAllowed = addressRanges(allowedRanges);
  }

  /** Throws ADDRESS_FORBIDDEN for a URL that could never be reached: another scheme, or a forbidden address in it. */
  checkUrl(url: URL): void {
    if (url.protocol !== "https:" && url.protocol !== "http:") {
      throw forbidden(`${url.protocol.slice(0, -1)} is no scheme of a web address`);
    }
    const host = url.hostname.replace(/^\[|\]$/g, "");
    if (isIP(host) !== 0) this.checkAddress(host);
    else if (/(^|\.)localhost\.?$/i.test(host)) this.checkAddress("127.0.0.1");
  }

  /** Throws ADDRESS_FORBIDDEN. */
  checkAddress(address: string): void {
    if (!this.allows(address)) throw this.refusalOf(address);
  }

  /** Why an address may not be called: ADDRESS_FORBIDDEN. */
  refusalOf(address: string): CodedError {
    return forbidden(`${address} is an address of a private network`);
  }

  allows(address: string): boolean {
    if (this.#isMetadata(address)) return false;
    return !this.#isPrivate(address) || this.#isAllowed(address);
  }

  /** For `net.connect`: resolves a name to the addresses of it that may be reached, and fails when there is none. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, "", 0);
      const reachable = addresses.filter(({ address }) => this.allows(address));
      const [first] = reachable;
      if (first === undefined) return callback(forbidden(`${hostname} leads to a private network`), "", 0);
      if (options.all === true) return callback(null, reachable);
      return callback(null, first.address, first.family);
    });
  };
}

function forbidden(reason: string): CodedError {
  return new CodedError(
    "ADDRESS_FORBIDDEN",
    `Weir does not call there: ${reason}. network.allowedRanges can allow it.`,
  );
}
