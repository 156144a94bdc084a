import { type Severity, severities } from "../../data/page-search.ts";
import { classes } from "../../design/classes.ts";
import { inputClass } from "../../design/field.tsx";

/** The least severity that a list shows. */
export function SeveritySelect(props: {
  value: Severity | undefined;
  onChange: (severity: Severity | undefined) => void;
}) {
  return (
    <select
      aria-label="Least severity"
      value={props.value ?? ""}
      onChange={({ target }) => props.onChange(severities.find((one) => one === target.value))}
      className={classes(inputClass, "w-auto! max-sm:w-32!", props.value !== undefined && "border-accent text-accent")}
    >
      <option value="">Any severity</option>
      {severities.map((severity) => (
        <option key={severity} value={severity}>
          {severity === "fatal" ? "fatal" : `${severity} and above`}
        </option>
      ))}
    </select>
  );
}
