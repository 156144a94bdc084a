import type { Detector } from "./detector.ts";
import { email, personalDetectors } from "./personal.ts";
import { secretDetectors, urlPassword } from "./secrets.ts";

/** Keys and tokens; on unless switched off. */
export const secretSet: readonly Detector[] = [...secretDetectors, urlPassword];

/** Data about persons; off unless switched on. */
export const personalSet: readonly Detector[] = [email, ...personalDetectors];
