import { Link } from "@tanstack/react-router";
import { useSilences } from "@/api/silences";
import styles from "./Alerts.module.css";

/** The pages of alerts: rules, what happened, silences. */
export function AlertTabs({ here }: { here: "rules" | "history" | "silences" }) {
  const active = (useSilences().data ?? []).filter((each) => each.active).length;
  const tab = (name: typeof here, to: string, label: string, many = 0) => (
    <Link to={to as string} activeOptions={{ exact: true }} aria-current={name === here ? "page" : undefined}>
      {label}
      {many > 0 && <span className={styles["count"]}>{many}</span>}
    </Link>
  );
  return (
    <nav className={styles["tabs"]} aria-label="Alerts">
      {tab("rules", "/alerts", "Rules")}
      {tab("history", "/alerts/history", "History")}
      {tab("silences", "/alerts/silences", "Silences", active)}
    </nav>
  );
}
