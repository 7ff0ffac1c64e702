import { Link, useParams } from "@tanstack/react-router";
import { useEffect, useRef, type ReactNode } from "react";
import { PageBody, PageTop } from "@/components/Page";
import { Empty } from "@/components/States";
import { includes, type Role } from "@/state/roles";
import { useMe } from "@/api/me";
import { Account } from "./Account";
import { Appearance } from "./Appearance";
import { Credentials } from "./Credentials";
import { Keys } from "./Keys";
import { Members } from "./Members";
import { Organisation } from "./Organisation";
import { Prices } from "./Prices";
import { Retention } from "./Retention";
import { Sessions } from "./Sessions";
import styles from "./Settings.module.css";

interface Tab {
  path: string;
  label: string;
  need: Role;
  draw: () => ReactNode;
}

/** One more tab: a row here. Who lacks the role sees who may. */
const TABS: { heading: string; tabs: Tab[] }[] = [
  {
    heading: "Organisation",
    tabs: [
      { path: "organisation", label: "General", need: "viewer", draw: () => <Organisation /> },
      { path: "members", label: "Members", need: "viewer", draw: () => <Members /> },
      { path: "keys", label: "API keys", need: "admin", draw: () => <Keys /> },
      { path: "credentials", label: "Credentials", need: "admin", draw: () => <Credentials /> },
      { path: "prices", label: "Prices", need: "viewer", draw: () => <Prices /> },
      { path: "retention", label: "Retention", need: "viewer", draw: () => <Retention /> },
    ],
  },
  {
    heading: "You",
    tabs: [
      { path: "account", label: "Account", need: "viewer", draw: () => <Account /> },
      { path: "sessions", label: "Sessions", need: "viewer", draw: () => <Sessions /> },
      { path: "appearance", label: "Appearance", need: "viewer", draw: () => <Appearance /> },
    ],
  },
];
const ALL = TABS.flatMap((group) => group.tabs);

/** Settings: a tab a subject, each with an address of its own. */
export function Page() {
  const { tab: asked } = useParams({ strict: false }) as { tab?: string };
  const role = useMe().data?.role;
  const tab = asked ? ALL.find((each) => each.path === asked) : ALL[0];
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    const current = nav.current?.querySelector<HTMLElement>("[aria-current]");
    // on a narrow screen the tabs are a row that scrolls; the page itself stays where it is
    if (current && nav.current) nav.current.scrollLeft = current.offsetLeft - nav.current.offsetLeft - 40;
  }, [tab]);
  return (
    <>
      <PageTop title="Settings" beside={tab?.label} />
      <PageBody>
        <div className={styles["layout"]}>
          <nav ref={nav} className={styles["tabs"]} aria-label="Settings">
            {TABS.map((group) => (
              <div key={group.heading} className={styles["group"]}>
                <h2>{group.heading}</h2>
                {group.tabs.map((each) => (
                  <Link key={each.path} to={"/settings/$tab" as string} params={{ tab: each.path } as never} className={styles["tab"]!} aria-current={each === tab ? "page" : undefined}>
                    {each.label}
                  </Link>
                ))}
              </div>
            ))}
          </nav>
          <div className={styles["content"]}>
            {!tab ? (
              <Empty title="There is no such setting" action={<Link to={"/settings" as string}>Go to the settings</Link>}>
                The link may be of another version, or mistyped.
              </Empty>
            ) : includes(role, tab.need) ? (
              tab.draw()
            ) : (
              <Empty title={`${tab.label} are for ${tab.need === "admin" ? "admins and owners" : "owners"}`}>Your role here is {role}. The page Members shows who may change this.</Empty>
            )}
          </div>
        </div>
      </PageBody>
    </>
  );
}
