import { Link } from "@tanstack/react-router";
import { ABSENT } from "@/format/numbers";
import styles from "./Environments.module.css";

const FIRST = ["production", "staging"];

/** Environments in the order of their weight: production, staging, the others by name. */
export function inOrder(labels: Record<string, number>): [string, number][] {
  const rank = (name: string) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return Object.entries(labels).sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** Which version each environment stands for; a click opens that version. */
export function Environments({ id, labels }: { id: string; labels: Record<string, number> }) {
  const all = inOrder(labels);
  if (!all.length) return <span className="dim">{ABSENT}</span>;
  return (
    <span className={styles["list"]}>
      {all.map(([label, version]) => (
        <Link
          key={label}
          to={"/prompts/$id" as string}
          params={{ id } as never}
          search={{ version: String(version) } as never}
          className={styles["environment"]!}
          data-production={label === "production" || undefined}
          title={`${label} stands for version ${version}`}
        >
          {label} <b>v{version}</b>
        </Link>
      ))}
    </span>
  );
}
