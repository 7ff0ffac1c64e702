import type { Event } from "@/api/requests";
import { Panel } from "@/components/Page";
import { ABSENT, count, money, moneyOfNano, UNKNOWN } from "@/format/numbers";
import styles from "./CostLines.module.css";
import { componentName, digitsOf, exactMoney, rateInWords } from "./costWords";

/** The cost as lines that add up, what is not known of it, and the provider's own figure. */
export function CostLines({ call }: { call: Event }) {
  const sum = call.cost_lines.reduce((total, line) => total + line.amount_nanousd, 0);
  const known = call.cost_nanousd != null;
  const own = call.reported_cost_nanousd;
  const digits = digitsOf([...call.cost_lines.map((line) => line.amount_nanousd), ...(call.cost_lines.length ? [known ? call.cost_nanousd! : sum] : []), own ?? 0, (call.cached && call.saved_nanousd) || 0]);
  const amount = (nanousd: number) => exactMoney(nanousd, digits);
  const sources = [...new Set(call.cost_lines.map((line) => line.source))].filter((source) => source !== call.price_version);
  return (
    <Panel title="Cost" sub={call.price_version ? `prices of ${call.price_version}` : ""}>
      <table className={styles["lines"]}>
        <tbody>
          {call.cost_lines.map((line, index) => (
            <tr key={index}>
              <td>
                {componentName(line.component)}{" "}
                <span className="dim num">
                  {count(line.quantity)} × {rateInWords(line.rate_usd, line.per)}
                </span>
              </td>
              <td>{amount(line.amount_nanousd)}</td>
            </tr>
          ))}
          {call.cost_missing.map((what) => (
            <tr key={what} className={styles["missing"]}>
              <td>{what}</td>
              <td>{UNKNOWN}</td>
            </tr>
          ))}
          {call.cached && (
            <tr className={styles["saved"]}>
              <td>Served from the cache</td>
              <td>{call.saved_nanousd == null ? UNKNOWN : `−${amount(call.saved_nanousd)}`}</td>
            </tr>
          )}
          <tr className={styles["total"]}>
            <td>Total</td>
            <td>{call.cached ? money(0) : known ? (call.cost_lines.length ? amount(call.cost_nanousd!) : moneyOfNano(call.cost_nanousd)) : call.cost_missing.length && sum ? `${amount(sum)} + ${UNKNOWN}` : UNKNOWN}</td>
          </tr>
          {(own != null || known) && (
            <tr className={styles["own"]}>
              <td>Provider’s own figure</td>
              <td>{own == null ? ABSENT : amount(own)}</td>
            </tr>
          )}
        </tbody>
      </table>
      {sources.length > 0 && <p className={styles["why"]}>Rates from {sources.join(", ")}.</p>}
      {!known && !call.cached && !call.cost_missing.length && <p className={styles["why"]}>{call.usage_source === "none" ? "No usage was reported, so the cost is not known." : "The cost is not known."}</p>}
      {known && !call.cost_lines.length && call.cost_nanousd === 0 && !call.cached && <p className={styles["why"]}>{call.usage_source === "counted" ? "Tokens were counted, not used." : "Nothing was used that has a price."}</p>}
    </Panel>
  );
}
