/** Luhn's check (ISO/IEC 7812-1). */
export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = digitAt(digits, digits.length - 1 - index);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** ISO 7064 mod 97-10, as IBANs have it (ISO 13616). */
export function passesIban(iban: string): boolean {
  const moved = iban.slice(4) + iban.slice(0, 4);
  let rest = 0;
  for (const letter of moved) {
    const value = Number.parseInt(letter, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/** ISO 7064 mod 11,10, as German tax ids have it; of their first ten digits one or two come more than once, none more than thrice. */
export function passesSteuerId(digits: string): boolean {
  const counts = new Array<number>(10).fill(0);
  for (let index = 0; index < 10; index++) counts[digitAt(digits, index)] = (counts[digitAt(digits, index)] ?? 0) + 1;
  const repeated = counts.filter((count) => count > 1);
  if (repeated.length !== 1 || Math.max(...counts) > 3 || digits.startsWith("0")) return false;
  let product = 10;
  for (let index = 0; index < 10; index++) {
    const sum = (digitAt(digits, index) + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return (11 - product) % 10 === digitAt(digits, 10);
}

/** The two check digits of a Brazilian CPF. */
export function passesCpf(digits: string): boolean {
  if (isOneDigit(digits)) return false;
  return [9, 10].every((length) => {
    let sum = 0;
    for (let index = 0; index < length; index++) sum += digitAt(digits, index) * (length + 1 - index);
    return ((sum * 10) % 11) % 10 === digitAt(digits, length);
  });
}

/** The two check digits of a Brazilian CNPJ. */
export function passesCnpj(digits: string): boolean {
  if (isOneDigit(digits)) return false;
  return [12, 13].every((length) => {
    let sum = 0;
    for (let index = 0; index < length; index++) sum += digitAt(digits, index) * (((length - 1 - index) % 8) + 2);
    const rest = sum % 11;
    return (rest < 2 ? 0 : 11 - rest) === digitAt(digits, length);
  });
}

/** The letter of a Spanish DNI, or of an NIE, whose X, Y or Z counts as 0, 1 or 2. */
export function passesDni(id: string): boolean {
  const digits = id.slice(0, -1).replace(/^[XYZ]/, (letter) => String("XYZ".indexOf(letter)));
  return "TRWAGMYFPDXBNJZSQVHLCKE"[Number(digits) % 23] === id.at(-1);
}

/** The key of a French NIR; Corsica's departments 2A and 2B count as 19 and 18. */
export function passesNir(nir: string): boolean {
  const number = nir.slice(0, 13).replace("2A", "19").replace("2B", "18");
  return 97n - (BigInt(number) % 97n) === BigInt(nir.slice(13));
}

/** The check digit of a Portuguese NIF. */
export function passesNif(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < 8; index++) sum += digitAt(digits, index) * (9 - index);
  const rest = 11 - (sum % 11);
  return (rest >= 10 ? 0 : rest) === digitAt(digits, 8);
}

/** The check letter of an Italian codice fiscale. */
export function passesCodiceFiscale(code: string): boolean {
  const odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
  let sum = 0;
  for (let index = 0; index < 15; index++) {
    const letter = Number.parseInt(code[index] ?? "", 36);
    const value = letter > 9 ? letter - 10 : letter;
    sum += index % 2 === 0 ? (odd[value] ?? 0) : value;
  }
  return String.fromCharCode(65 + (sum % 26)) === code[15];
}

function digitAt(digits: string, index: number): number {
  return digits.charCodeAt(index) - 48;
}

function isOneDigit(digits: string): boolean {
  return digits === (digits[0] ?? "").repeat(digits.length);
}
