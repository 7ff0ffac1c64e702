import { Link, Outlet, useLocation, useRouter } from "@tanstack/react-router";
import { useDisclosure } from "@mantine/hooks";
import { useMe } from "@/api/me";
import { ApiError } from "@/api/client";
import { Icon } from "@/components/Icon";
import { Failure, RowsSkeleton } from "@/components/States";
import { useScope, writeScope } from "@/state/search";
import { NAV } from "./nav";
import { AccountMenu } from "./AccountMenu";
import { Banners } from "./Banners";
import { CommandPalette } from "./CommandPalette";
import { ExpiredLogin } from "./ExpiredLogin";
import { Shortcuts } from "./Shortcuts";
import styles from "./Shell.module.css";

/** The frame of every page: side bar, the page, the command palette. */
export function Shell() {
  const me = useMe();
  const [scope] = useScope();
  const [menuOpen, menu] = useDisclosure(false);
  const { routesByPath } = useRouter();
  const path = useLocation({ select: (location) => location.pathname });
  if (!me.data && me.error instanceof ApiError && me.error.status === 401) {
    const next = encodeURIComponent(location.pathname + location.search);
    location.replace(`/login?next=${next}`);
    return null;
  }
  const kept = writeScope({ q: scope.q, since: scope.since, until: scope.until, zone: scope.zone });
  return (
    <div className={styles["app"]}>
      <a className={styles["skip"]} href="#main">
        Skip to the page
      </a>
      <nav className={styles["side"]} data-open={menuOpen || undefined} aria-label="Pages">
        <Link to="/" className={styles["brand"]!} onClick={menu.close}>
          <img src="/mark.svg" alt="" width={20} height={20} />
          Perihelion
        </Link>
        {NAV.map((group) => ({ ...group, items: group.items.filter((item) => item.to in routesByPath) })).map((group) => (
          <div key={group.heading} className={styles["group"]}>
            {group.heading && group.items.length > 0 && <h2>{group.heading}</h2>}
            {group.items.map((item) => (
              <Link
                key={item.to}
                to={item.to}
                search={kept as never}
                className={styles["item"]!}
                aria-current={isHere(path, item.to) ? "page" : undefined}
                onClick={menu.close}
              >
                <Icon name={item.icon} />
                {item.label}
              </Link>
            ))}
          </div>
        ))}
        <AccountMenu me={me.data} />
      </nav>
      <button type="button" className={styles["burger"]} onClick={menu.toggle} aria-label="Menu" aria-expanded={menuOpen}>
        <Icon name={menuOpen ? "close" : "menu"} />
      </button>
      <main id="main" className={styles["main"]} tabIndex={-1}>
        <Banners enabled={!!me.data} />
        {/* A page asks by POST, which needs the session's token: it is drawn once that is known. */}
        {me.data ? <Outlet /> : me.error ? <Failure error={me.error} retry={() => void me.refetch()} /> : <RowsSkeleton />}
      </main>
      <ExpiredLogin email={me.data?.email ?? ""} />
      <CommandPalette />
      <Shortcuts />
    </div>
  );
}

function isHere(path: string, to: string): boolean {
  return to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`);
}
