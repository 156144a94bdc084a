import type { ComponentProps } from "react";
import { classes } from "./classes.ts";

const variants = {
  primary: "bg-accent text-on-accent hover:bg-accent-strong font-medium",
  plain: "bg-panel border border-line-strong hover:bg-hover",
  quiet: "text-muted hover:bg-hover hover:text-text",
  danger: "text-bad border border-line-strong bg-panel hover:bg-bad-soft",
} as const;

const sizes = {
  small: "h-6 px-2 text-xs gap-1",
  medium: "h-8 px-3 gap-1.5",
  icon: "size-8 justify-center",
  tiny: "size-6 justify-center",
};

export interface ButtonProps extends ComponentProps<"button"> {
  variant?: keyof typeof variants;
  size?: keyof typeof sizes;
}

export function buttonClass(variant: keyof typeof variants = "plain", size: keyof typeof sizes = "medium"): string {
  return classes(
    "inline-flex shrink-0 items-center rounded-md whitespace-nowrap transition-colors duration-120 disabled:opacity-50",
    variants[variant],
    sizes[size],
  );
}

export function Button({ variant = "plain", size = "medium", className, type = "button", ...rest }: ButtonProps) {
  return <button type={type} className={classes(buttonClass(variant, size), className)} {...rest} />;
}
