// Runs before the first paint, so that a page never flashes in the wrong theme. A file of its own: the
// Content-Security-Policy allows no inline script. Kept in step with design/theme.ts.
(() => {
  let choice = "system";
  try {
    choice = localStorage.getItem("weir.theme") || "system";
  } catch {}
  const dark = choice === "dark" || (choice === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
