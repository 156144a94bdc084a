import { passesLuhn } from "./check-digits.ts";

/** Issuers of payment cards (ISO/IEC 7812): how their numbers begin, and how many digits they have. */
const cardIssuers: readonly (readonly [start: RegExp, lengths: readonly number[]])[] = [
  // Visa.
  [/^4/, [16, 19]],
  // Mastercard.
  [/^(?:5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720))/, [16]],
  // American Express.
  [/^3[47]/, [15]],
  // Diners Club.
  [/^3(?:0[0-59]|[689])/, [14, 16]],
  // JCB.
  [/^35(?:2[89]|[3-8])/, [16]],
  // Discover, RuPay.
  [/^6(?:011|4[4-9]|5|0[68])/, [16, 19]],
  // UnionPay.
  [/^62/, [16, 17, 18, 19]],
  // Maestro.
  [/^(?:50[0-3]|5[6-8]|6304|67)/, [14, 15, 16, 17, 18, 19]],
  // Mir, Elo.
  [/^(?:220[0-4]|5067|509|6277|6362|6363)/, [16]],
];

/** Whether digits may be the number of a payment card: of an issuer's range and length, with Luhn's check digit. */
export function isCardNumber(digits: string): boolean {
  if (/^(.)\1*$/.test(digits)) return false;
  return (
    cardIssuers.some(([start, lengths]) => lengths.includes(digits.length) && start.test(digits)) && passesLuhn(digits)
  );
}

/** Country codes that are given out (ITU-T E.164). */
const countryCode =
  /^(?:1|7|2(?:[07]|1[1-368]|[2346]\d|5[0-8]|9[01789])|3(?:[0-469]|5|7[0-8]|8[0-35-79])|4(?:[013-9]|2[0134])|5(?:[1-8]|0\d|9\d)|6(?:[0-6]|7[02-9]|8[0-35-9]|9[0-2])|8(?:[1246]|5[02356]|7[08]|8[0-36-8])|9(?:[0-58]|6[0-8]|7[0-79]|9[2-68]))/;
const northAmerican = /^1[2-9]\d\d[2-9]\d{6}$/;

/** Whether digits behind a `+` may be a phone number: of a country, and as long as such numbers are. */
export function isInternationalNumber(digits: string): boolean {
  if (digits.startsWith("1")) return northAmerican.test(digits);
  if (digits.startsWith("7")) return digits.length === 11;
  return digits.length >= 8 && digits.length <= 15 && countryCode.test(digits);
}
