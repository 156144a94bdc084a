import { type ReactNode, useEffect, useState } from "react";
import { Button } from "../../design/button.tsx";

/** Asks once more in its own place before it does what cannot be undone. */
export function ConfirmButton(props: {
  children: ReactNode;
  question: string;
  onConfirm: () => void;
  isBusy?: boolean;
  label: string;
}) {
  const [isAsking, setAsking] = useState(false);
  useEffect(() => {
    if (!isAsking) return;
    const timer = setTimeout(() => setAsking(false), 5000);
    return () => clearTimeout(timer);
  }, [isAsking]);
  const click = () => {
    if (isAsking) props.onConfirm();
    setAsking(!isAsking);
  };
  return (
    <Button
      size="small"
      variant={isAsking ? "danger" : "quiet"}
      disabled={props.isBusy}
      onClick={click}
      aria-label={isAsking ? `${props.question} ${props.label}` : props.label}
    >
      {isAsking ? props.question : props.children}
    </Button>
  );
}
