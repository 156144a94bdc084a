import type { FormEvent, ReactNode } from "react";
import { Button } from "../../design/button.tsx";
import { Dialog } from "../../design/dialog.tsx";
import { FormError } from "./list-panel.tsx";

/** A dialog with a form: its fields, what went wrong, and the button that sends it. */
export function FormDialog(props: {
  title: string;
  submitWord: string;
  onClose: () => void;
  onSubmit: () => void;
  isBusy: boolean;
  error: Error | null;
  children: ReactNode;
}) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    props.onSubmit();
  };
  return (
    <Dialog isOpen onClose={props.onClose} title={props.title}>
      <form onSubmit={submit} className="flex flex-col gap-3">
        {props.children}
        <FormError error={props.error} />
        <div className="mt-2 flex justify-end gap-2">
          <Button onClick={props.onClose}>Cancel</Button>
          <Button type="submit" variant="primary" disabled={props.isBusy}>
            {props.submitWord}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
