import { ArrowUp } from "lucide-react";
import type { NewRows } from "../../data/new-rows.ts";
import { Button } from "../../design/button.tsx";
import { plural } from "../../design/format.ts";

/** "12 new calls": they arrive when their reader wants them. */
export function NewRowsMarker({ newRows, onShow, noun }: { newRows: NewRows; onShow: () => void; noun: string }) {
  const { count, isMore } = newRows;
  return (
    <div role="status" className="pointer-events-none absolute inset-x-0 top-1 z-10 flex justify-center">
      {count > 0 && (
        <Button
          variant="primary"
          size="small"
          className="pop-in pointer-events-auto rounded-full px-3 shadow-raised"
          onClick={onShow}
          data-hint="Show them  n"
        >
          <ArrowUp size={12} aria-hidden="true" />
          {isMore ? `More than ${plural(count, `new ${noun}`)}` : plural(count, `new ${noun}`)}
        </Button>
      )}
    </div>
  );
}
