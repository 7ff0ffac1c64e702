import { Link } from "@tanstack/react-router";
import { useScope, writeScope } from "@/state/search";
import styles from "./PromptView.module.css";

/** The way back to the list, and the name. */
export function PromptTitle({ name }: { name: string }) {
  const [scope] = useScope();
  return (
    <span className={styles["title"]}>
      <Link to="/prompts" search={writeScope({ q: scope.q, since: scope.since, until: scope.until, zone: scope.zone }) as never}>
        Prompts
      </Link>
      <span className="dim">/</span>
      {name}
    </span>
  );
}
