import { Activity, Cable, KeyRound, LayoutDashboard, ListTree, Logs, Plug } from "lucide-react";

/** The pages of the rail, in order. A new page is a row here and a route in routes/router.tsx. */
export const pages = [
  { to: "/", name: "Overview", icon: LayoutDashboard, group: "observe", key: "o" },
  { to: "/calls", name: "Calls", icon: Activity, group: "observe", key: "c" },
  { to: "/traces", name: "Traces", icon: ListTree, group: "observe", key: "t" },
  { to: "/logs", name: "Logs", icon: Logs, group: "observe", key: "l" },
  { to: "/settings/connect", name: "Connect an SDK", icon: Plug, group: "settings", key: "s" },
  { to: "/settings/keys", name: "API keys", icon: KeyRound, group: "settings", key: "k" },
  { to: "/settings/providers", name: "Providers", icon: Cable, group: "settings", key: "p" },
] as const;
