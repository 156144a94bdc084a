import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const weir = process.env["WEIR_URL"] ?? "http://127.0.0.1:8080";

/** Built to web/dist, which the API serves under /ui/. In development, /api goes to a running Weir. */
export default defineConfig({
  root: import.meta.dirname,
  base: "/ui/",
  plugins: [react(), tailwind()],
  server: { proxy: { "/api": weir } },
  build: { target: "es2023", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
