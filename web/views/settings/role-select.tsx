import { isAtLeast, type MemberRole, memberRoles } from "@weir/model/browser";
import { classes } from "../../design/classes.ts";
import { inputClass } from "../../design/field.tsx";

const words: Record<MemberRole, string> = { viewer: "Viewer", member: "Member", admin: "Admin", owner: "Owner" };
export const byProjectOnly = "By project only";

export function roleWord(role: MemberRole | null): string {
  return role === null ? byProjectOnly : words[role];
}

/** The roles that somebody of role `giver` may give. */
export function RoleSelect(props: {
  label: string;
  value: MemberRole | null;
  giver: MemberRole | null;
  onChange: (role: MemberRole | null) => void;
  /** Adds none at all, under this word. */
  noneWord?: string;
  isLabelHidden?: boolean;
  disabled?: boolean;
}) {
  const given = memberRoles.filter((role) => isAtLeast(props.giver ?? undefined, role) || role === props.value);
  return (
    <label className="flex flex-col gap-1 text-xs font-medium text-muted">
      <span className={classes(props.isLabelHidden && "sr-only")}>{props.label}</span>
      <select
        className={classes(inputClass, "font-normal text-text")}
        value={props.value ?? ""}
        disabled={props.disabled}
        onChange={(event) => props.onChange((event.target.value || null) as MemberRole | null)}
      >
        {props.noneWord !== undefined && <option value="">{props.noneWord}</option>}
        {given.map((role) => (
          <option key={role} value={role}>
            {words[role]}
          </option>
        ))}
      </select>
    </label>
  );
}
