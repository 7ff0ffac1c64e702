import type { IconName } from "@/components/Icon";

/** The pages of the side bar, in order. A heading begins a group. One more page: a row here and one in router.tsx. */
export interface NavItem {
  to: string;
  label: string;
  icon: IconName;
  /** A key that follows `g`. */
  key: string;
}

export const NAV: { heading: string; items: NavItem[] }[] = [
  {
    heading: "",
    items: [
      { to: "/", label: "Overview", icon: "overview", key: "o" },
      { to: "/requests", label: "Requests", icon: "requests", key: "r" },
      { to: "/sessions", label: "Sessions", icon: "sessions", key: "s" },
      { to: "/users", label: "Users", icon: "users", key: "u" },
      { to: "/errors", label: "Errors", icon: "errors", key: "e" },
    ],
  },
  {
    heading: "Build",
    items: [
      { to: "/prompts", label: "Prompts", icon: "prompts", key: "p" },
      { to: "/playground", label: "Playground", icon: "play", key: "y" },
    ],
  },
  {
    heading: "Analyse",
    items: [
      { to: "/models", label: "Models", icon: "models", key: "m" },
      { to: "/properties", label: "Properties", icon: "properties", key: "t" },
      { to: "/boards", label: "Boards", icon: "boards", key: "b" },
      { to: "/sql", label: "SQL", icon: "sql", key: "q" },
    ],
  },
  {
    heading: "Control",
    items: [
      { to: "/alerts", label: "Alerts", icon: "bell", key: "a" },
      { to: "/cache", label: "Cache", icon: "cache", key: "c" },
      { to: "/limits", label: "Limits", icon: "limits", key: "l" },
      { to: "/budgets", label: "Budgets", icon: "budgets", key: "d" },
      { to: "/channels", label: "Channels", icon: "channels", key: "n" },
      { to: "/webhooks", label: "Webhooks", icon: "webhooks", key: "w" },
      { to: "/exports", label: "Exports", icon: "exports", key: "x" },
      { to: "/settings", label: "Settings", icon: "settings", key: "," },
    ],
  },
];
