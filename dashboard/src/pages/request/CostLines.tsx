import type { Event } from "@/api/requests";
import { Panel } from "@/components/Page";
import { count, money, moneyOfNano } from "@/format/numbers";
import styles from "./CostLines.module.css";

/** The cost as lines that add up, what is not known of it, and the provider's own figure. */
export function CostLines({ call }: { call: Event }) {
  const own = call.reported_cost_nanousd;
  return (
    <Panel title="Cost" sub={call.price_version ? `prices of ${call.price_version}` : ""}>
      <ul className={styles["lines"]}>
        {call.cost_lines.map((line, index) => (
          <li key={index}>
            <span>
              {line.component.replaceAll("_", " ")}{" "}
              <span className="dim">
                {count(line.quantity)} × {money(line.rate_usd)}
                {perUnits(line.per)}
              </span>
            </span>
            <span className="num">{moneyOfNano(line.amount_nanousd)}</span>
          </li>
        ))}
        {call.cost_missing.map((what) => (
          <li key={what} className={styles["missing"]}>
            <span>{what}</span>
            <span>?</span>
          </li>
        ))}
        {call.saved_nanousd != null && (
          <li>
            <span>saved by the cache</span>
            <span className="num">{moneyOfNano(call.saved_nanousd)}</span>
          </li>
        )}
        <li className={styles["total"]}>
          <span>Total</span>
          <span className="num">{call.cached ? "$0" : moneyOfNano(call.cost_nanousd)}</span>
        </li>
        {own != null && (
          <li>
            <span className="dim">the provider’s own figure</span>
            <span className="num">{moneyOfNano(own)}</span>
          </li>
        )}
      </ul>
      {call.cost_nanousd == null && !call.cost_missing.length && <p className={styles["why"]}>No usage was reported, so the cost is not known.</p>}
    </Panel>
  );
}

function perUnits(per: number): string {
  if (per === 1) return "";
  return per === 1_000_000 ? "/M" : per === 1000 ? "/k" : `/${count(per)}`;
}
