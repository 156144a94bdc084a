/** Water over a weir. */
export function WeirMark({ size = 22 }: { size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 32 32"
      fill="none"
      strokeLinecap="round"
      strokeWidth="3"
      aria-hidden="true"
    >
      <rect width="32" height="32" rx="8" className="fill-accent-soft" />
      <g className="stroke-accent">
        <path d="M6 11c3.3-3 6.7-3 10 0s6.7 3 10 0" />
        <path d="M6 17c3.3-3 6.7-3 10 0s6.7 3 10 0" opacity=".65" />
        <path d="M6 23c3.3-3 6.7-3 10 0s6.7 3 10 0" opacity=".35" />
      </g>
    </svg>
  );
}
