import { isIPv4, isIPv6 } from "node:net";
import {
  passesCnpj,
  passesCodiceFiscale,
  passesCpf,
  passesDni,
  passesIban,
  passesNif,
  passesNir,
  passesSteuerId,
} from "./check-digits.ts";
import type { Detector } from "./detector.ts";
import { isCardNumber, isInternationalNumber } from "./number-plans.ts";

/** What a match may begin with; the pattern is tried at no other place. */
export type Lead = "digit" | "capital" | "sign" | "hex";

/** Data about a person, known by its form and, where it has them, its check digits. */
export interface PersonalDetector extends Detector {
  readonly leads: readonly Lead[];
  /** Sticky, over a window of `personalWindowBytes`. */
  readonly pattern: RegExp;
  /** Of the match without spaces, dots, dashes and slashes. */
  readonly isValid?: (compact: string) => boolean;
  /** Of the match as it stands. */
  readonly isValidAsIs?: (text: string) => boolean;
  /** What follows a match may look like a part of it: it is tried without what stands behind its last separators, too. */
  readonly mayBeShorter?: boolean;
}

const separators = /[\s./-]/g;
const lastPart = /[\s./-]+[^\s./-]*$/;

/** What of a pattern's match is valid: all of it, or where the detector says so a beginning; undefined when nothing is. */
export function validPart(detector: PersonalDetector, found: string): string | undefined {
  const { isValid, isValidAsIs, mayBeShorter = false } = detector;
  if (isValidAsIs?.(found) === false) return undefined;
  if (isValid === undefined || isValid(found.replaceAll(separators, ""))) return found;
  const shorter = mayBeShorter ? found.replace(lastPart, "") : found;
  return shorter === found ? undefined : validPart(detector, shorter);
}

/** No match is longer. */
export const personalWindowBytes = 72;
/** What a pattern may look back at. */
export const personalLookBehindBytes = 32;

/**
 * The first row that matches at a place wins. No digit, no part of a longer number, and no `_` as in `call_4111…`, stands
 * beside a match; no letter either behind one of digits alone, which would be the beginning of an id such as
 * `chatcmpl-52998224725c…`.
 */
export const personalDetectors: readonly PersonalDetector[] = [
  {
    name: "iban",
    meaning: "Bank accounts (IBAN), by their check digits.",
    leads: ["capital"],
    pattern: /[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])/y,
    isValid: (iban) => iban.length >= 15 && iban.length <= 34 && passesIban(iban),
    mayBeShorter: true,
  },
  {
    name: "card_number",
    meaning: "Payment cards, by their issuers' ranges and Luhn's check.",
    leads: ["digit"],
    pattern:
      /[2-6]\d{3}(?:[ .-]?\d{4}){2}[ .-]?\d{1,7}(?![\dA-Za-z_]|\.\d)|3\d{3}[ .-]?\d{6}[ .-]?\d{4,5}(?![\dA-Za-z_])/y,
    isValid: isCardNumber,
  },
  {
    name: "br_cnpj",
    meaning: "Brazilian CNPJ, by its check digits.",
    leads: ["digit"],
    // Without signs only of a firm's first nine branches: times such as `20240131123045` have fourteen digits too.
    pattern: /(?:\d{8}000[1-9]|\d{2}\.?\d{3}\.?\d{3}\/\d{4}-?)\d{2}(?![\dA-Za-z_]|\.\d)/y,
    isValid: passesCnpj,
  },
  {
    name: "br_cpf",
    meaning: "Brazilian CPF, by its check digits.",
    leads: ["digit"],
    pattern: /\d{3}\.?\d{3}\.?\d{3}-?\d{2}(?![\dA-Za-z_]|\.\d)/y,
    isValid: passesCpf,
  },
  {
    name: "fr_nir",
    meaning: "French social security numbers (NIR), by their key.",
    leads: ["digit"],
    pattern: /[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}(?![\dA-Za-z_])/y,
    isValid: passesNir,
  },
  {
    name: "de_steuer_id",
    meaning: "German tax ids, by their check digit.",
    leads: ["digit"],
    pattern: /\d{2} ?\d{3} ?\d{3} ?\d{3}(?![\dA-Za-z_]|\.\d)/y,
    isValid: passesSteuerId,
  },
  {
    name: "us_ssn",
    meaning: "US social security numbers, written with dashes.",
    leads: ["digit"],
    pattern: /(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\dA-Za-z_-])/y,
  },
  {
    name: "uk_nino",
    meaning: "UK national insurance numbers.",
    leads: ["capital"],
    pattern: /(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?![A-Za-z0-9])/y,
  },
  {
    name: "es_dni",
    meaning: "Spanish DNI and NIE, by their letter.",
    leads: ["digit", "capital"],
    // A day in UTC, `20240131Z`, is none.
    pattern:
      /(?!(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])Z)(?:\d{8}|[XYZ]-?\d{7})[- ]?[A-HJ-NP-TV-Z](?![A-Za-z0-9])/y,
    isValid: passesDni,
  },
  {
    name: "it_codice_fiscale",
    meaning: "Italian codice fiscale, by its check letter.",
    leads: ["capital"],
    pattern: /[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z](?![A-Za-z0-9])/y,
    isValid: passesCodiceFiscale,
  },
  {
    name: "pt_nif",
    meaning: "Portuguese NIF behind its name, by its check digit.",
    leads: ["digit"],
    pattern: /(?<=(?:NIF|nif|Nif|contribuinte|PT)[^0-9"\\]{0,16})[1235689]\d{2} ?\d{3} ?\d{3}(?!\d)/y,
    isValid: passesNif,
  },
  {
    name: "ipv4",
    meaning:
      "IPv4 addresses but `127.…`, `0.…` and `255.…`; not versions such as `Chrome/120.0.0.0` and `version 1.2.3.4`.",
    leads: ["digit"],
    pattern:
      /(?<!\.|[A-Za-z]\/|[=<>~^!]=|@|[Vv]er(?:sion|\.)?["'\s:=]{0,4})\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d|-(?:alpha|beta|dev|pre|rc))/y,
    isValidAsIs: (text) => isIPv4(text) && !/^(?:0|127|255)\./.test(text),
  },
  {
    name: "ipv6",
    meaning: "IPv6 addresses of at least three groups.",
    leads: ["digit", "hex", "capital"],
    pattern: /(?<![:.])[0-9A-Fa-f]{1,4}(?::{1,2}[0-9A-Fa-f]{1,4}){2,7}(?:::)?(?![A-Za-z0-9:])/y,
    isValidAsIs: (text) => isIPv6(text) && /\d/.test(text),
  },
  {
    name: "phone",
    meaning: "Phone numbers: international with `+`, and North American ones.",
    leads: ["sign", "digit"],
    pattern:
      /\+[1-9]\d{0,2}(?:[ ./-]?(?:\(\d{1,4}\)|\d{1,4})){2,6}(?!\d)|(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}(?![\d-])/y,
    isValid: (number) => !number.startsWith("+") || isInternationalNumber(number.replaceAll(/[()+]/g, "")),
    mayBeShorter: true,
  },
];

/** Found by its `@`; see `personal-scan.ts`. */
export const email: Detector = { name: "email", meaning: "E-mail addresses." };
