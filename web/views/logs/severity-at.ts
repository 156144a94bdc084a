import { type Severity, severities } from "../../data/page-search.ts";

/** The severity of OpenTelemetry's number: four numbers each, from 1; undefined where none is told. */
export function severityAt(number: number): Severity | undefined {
  return number < 1 ? undefined : severities[Math.floor((number - 1) / 4)];
}
