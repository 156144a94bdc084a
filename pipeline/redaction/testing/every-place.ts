import type { Match } from "../detectors/detector.ts";
import {
  type Lead,
  type PersonalDetector,
  personalLookBehindBytes,
  personalWindowBytes,
  validPart,
} from "../detectors/personal.ts";

const leads: Record<Lead, RegExp> = { digit: /[0-9]/, capital: /[A-Z]/, sign: /[+(]/, hex: /[a-f]/ };
/** What may stand before a match: the end of a JSON escape, or no letter, digit, `_`, or decimal's point. */
const before = /(?:^|\\(?:[nrtbf]|u[0-9A-Fa-f]{4})|(?:^|[^0-9])\.|[^A-Za-z0-9._])$/;

/** What `PersonalScan` finds of these detectors, by trying all of them at every place. */
export function matchesAtEveryPlace(detectors: readonly PersonalDetector[], bytes: Buffer): Match[] {
  const text = bytes.toString("latin1");
  const matches: Match[] = [];
  for (let place = 0; place < text.length; place++) {
    const lead = text[place] as string;
    const isEscapeLetter = text[place - 1] === "\\" && /[bf]/.test(lead);
    if (isEscapeLetter || !before.test(text.slice(Math.max(0, place - 8), place))) continue;
    const match = matchAt(
      detectors.filter((one) => one.leads.some((name) => leads[name].test(lead))),
      text,
      place,
    );
    if (match === undefined) continue;
    matches.push(match);
    place = match.to - 1;
  }
  return matches;
}

function matchAt(detectors: readonly PersonalDetector[], text: string, place: number): Match | undefined {
  const from = Math.max(0, place - personalLookBehindBytes);
  const window = text.slice(from, place + personalWindowBytes);
  for (const detector of detectors) {
    const { name, pattern } = detector;
    pattern.lastIndex = place - from;
    const found = pattern.exec(window)?.[0];
    const valid = found === undefined ? undefined : validPart(detector, found);
    if (valid !== undefined) return { from: place, to: place + valid.length, name };
  }
  return undefined;
}
