import { Link } from "@tanstack/react-router";
import type { Event } from "@/api/requests";
import { Panel } from "@/components/Page";
import { decisionsOf } from "./decisionsOf";
import styles from "./Facts.module.css";

/** What the gateway decided about the call, a line each. */
export function Decisions({ call }: { call: Event }) {
  const decisions = decisionsOf(call);
  if (!decisions.length) return null;
  return (
    <Panel title="Decisions">
      <ul className={styles["decisions"]}>
        {decisions.map((each) => (
          <li key={each.text} data-tone={each.tone || undefined}>
            {each.text}
            {each.call && (
              <>
                {" "}
                <Link to={"/requests/$id" as string} params={{ id: each.call } as never}>
                  from this call
                </Link>
              </>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
