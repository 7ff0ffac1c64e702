import { createRootRoute, createRoute, createRouter, lazyRouteComponent, type RouteComponent } from "@tanstack/react-router";
import { Frame } from "@/app/Frame";
import { CrashedPage, NoSuchPage } from "@/app/Lost";
import { writeScope } from "@/state/search";
import { parseSearch, stringifySearch } from "@/state/url";

const root = createRootRoute({ component: Frame, validateSearch: writeScope, notFoundComponent: NoSuchPage, errorComponent: CrashedPage });

function page(path: string, load: () => Promise<{ Page: RouteComponent }>) {
  return createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load, "Page") });
}

/** One line a page; its folder holds the rest. */
const routes = [
  page("/", () => import("@/pages/overview/Page")),
  page("/design", () => import("@/pages/design/Page")),
  page("/requests", () => import("@/pages/requests/Page")),
  page("/requests/$id", () => import("@/pages/request/Page")),
  page("/sessions", () => import("@/pages/sessions/Page")),
  page("/sessions/one", () => import("@/pages/session/Page")),
  page("/users", () => import("@/pages/users/Page")),
  page("/users/one", () => import("@/pages/user/Page")),
  page("/models", () => import("@/pages/models/Page")),
  page("/errors", () => import("@/pages/errors/Page")),
  page("/properties", () => import("@/pages/properties/Page")),
  page("/properties/one", () => import("@/pages/property/Page")),
  page("/sql", () => import("@/pages/sql/Page")),
  page("/start", () => import("@/pages/start/Page")),
  page("/cache", () => import("@/pages/cache/Page")),
  page("/limits", () => import("@/pages/limits/Page")),
  page("/alerts", () => import("@/pages/alerts/Page")),
  page("/alerts/new", () => import("@/pages/alertEdit/Page")),
  page("/alerts/history", () => import("@/pages/alertHistory/Page")),
  page("/alerts/silences", () => import("@/pages/silences/Page")),
  page("/alerts/$id", () => import("@/pages/alert/Page")),
  page("/alerts/$id/edit", () => import("@/pages/alertEdit/Page")),
  page("/budgets", () => import("@/pages/budgets/Page")),
  page("/channels", () => import("@/pages/channels/Page")),
  page("/webhooks", () => import("@/pages/webhooks/Page")),
  page("/exports", () => import("@/pages/exports/Page")),
  page("/settings", () => import("@/pages/settings/Page")),
  page("/settings/$tab", () => import("@/pages/settings/Page")),
  page("/login", () => import("@/pages/login/Page")),
  page("/prompts", () => import("@/pages/prompts/Page")),
  page("/prompts/$id", () => import("@/pages/prompt/Page")),
  page("/new-prompt", () => import("@/pages/newPrompt/Page")),
  page("/boards", () => import("@/pages/boards/Page")),
  page("/boards/$id", () => import("@/pages/board/Page")),
  page("/playground", () => import("@/pages/playground/Page")),
];

export const router = createRouter({
  routeTree: root.addChildren(routes),
  defaultPreload: "intent",
  defaultErrorComponent: CrashedPage,
  scrollRestoration: true,
  parseSearch,
  stringifySearch,
});
