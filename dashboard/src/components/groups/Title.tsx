import { Link } from "@tanstack/react-router";
import { Copy } from "@/components/Bits";
import { useScope, writeScope } from "@/state/search";
import styles from "./Title.module.css";

/** The title of a page of one thing: the list that it is of, and its name, which may be long. */
export function Title({ to, parent, name, id }: { to: string; parent: string; name: string; id?: string }) {
  const [{ since, until, zone }] = useScope();
  return (
    <span className={styles["title"]}>
      <Link to={to} search={writeScope({ since, until, zone }) as never}>
        {parent}
      </Link>
      <span className="dim">/</span>
      <span className={styles["name"]} title={name}>
        {name}
      </span>
      {id && id !== name && (
        <span className={styles["id"]} title={id}>
          {id}
        </span>
      )}
      {id && <Copy text={id} label="Copy the id" />}
    </span>
  );
}
