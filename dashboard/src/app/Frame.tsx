import { Outlet, useLocation } from "@tanstack/react-router";
import { Shell } from "./Shell";

/** The login stands alone; every other page has the side bar. */
export function Frame() {
  const path = useLocation({ select: (location) => location.pathname });
  return path === "/login" ? <Outlet /> : <Shell />;
}
