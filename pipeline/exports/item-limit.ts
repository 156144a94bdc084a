import { CodedError } from "@weir/model";

/** Throws BODY_TOO_LARGE when an export has more than may be; `items` names them. */
export function checkItemCount(count: number, mostItems: number, items: string): void {
  if (count <= mostItems) return;
  throw new CodedError("BODY_TOO_LARGE", `The export has more than ${mostItems} ${items} (receivers.maxExportItems).`);
}
