import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Preview } from "@/api/alerts";
import { duration } from "@/format/numbers";
import { shortTime, type Zone } from "@/format/times";
import { writeScope } from "@/state/search";
import { nameOf } from "./PreviewChart";
import { explorerSearch, type Rule } from "./rule";
import { durationWords, valueWords } from "./words";
import styles from "./Alerts.module.css";

/** How often a rule would have fired, and when, newest first. Each moment opens the calls that its value is of. */
export function Firings({ rule, preview, zone }: { rule: Rule; preview: Preview; zone: Zone }) {
  const { fired, firings, groups, groups_left_out: out } = preview;
  const held = useMemo(() => heldPoints(preview), [preview]);
  const grouped = rule.group_by.length > 0;
  return (
    <>
      <p className={styles["fired"]} role="status">
        <strong>{fired === 0 ? "Would not have fired" : `Would have fired ${fired === 1 ? "once" : `${fired.toLocaleString("en")} times`}`}</strong>
        <span className={styles["note"]}>
          {grouped && (groups === 0 ? "no group has requests here; " : `${groups.toLocaleString("en")} ${groups === 1 ? "group" : "groups"}${out ? `, the ${groups - out} with most requests looked at` : ""}; `)}
          looked at every {durationWords(preview.step).replace(/^1 /, "")}
        </span>
      </p>
      {fired === 0 && held > 0 && (
        <p className={styles["note"]}>
          The condition held {held === 1 ? "once" : `${held.toLocaleString("en")} times`}, but {why(rule)}.
        </p>
      )}
      {firings.length > 0 && (
        <ul className={styles["moments"]} aria-label="When it would have fired" tabIndex={0}>
          {[...firings].reverse().map((each) => {
            const since = Date.parse(each.since);
            return (
              <li key={each.since + JSON.stringify(each.labels)}>
                <Link to={"/requests" as string} search={writeScope(explorerSearch(rule, each.labels, since)) as never} title="The requests that the value is of">
                  <span className="num">{shortTime(new Date(since), zone).replace(/:\d\d$/, "")}</span>
                  <span style={{ overflowWrap: "anywhere" }}>{grouped ? nameOf(each.labels, rule.metric) : rule.metric === "no_traffic" ? "no requests" : valueWords(each.value, preview.unit)}</span>
                  <small className="num">
                    {grouped && rule.metric !== "no_traffic" && `${valueWords(each.value, preview.unit)}, `}
                    {each.until ? `for ${duration(Date.parse(each.until) - since).replace(/ 0 (s|min)$/, "")}` : "still firing"}
                  </small>
                </Link>
              </li>
            );
          })}
        </ul>
      )}
    </>
  );
}

/** At how many points a value is beyond its threshold, whether the rule fires then or not. */
function heldPoints(preview: Preview): number {
  let held = 0;
  for (const { values, above, below } of preview.series) {
    values.forEach((value, at) => {
      const [high, low] = [above[at], below[at]];
      if (value !== null && ((high != null && value > high) || (low != null && value < low))) held += 1;
    });
  }
  return held;
}

function why(rule: Rule): string {
  const few = rule.min_samples > 0 ? `with fewer than ${rule.min_samples.toLocaleString("en")} requests` : "";
  const short = /^0/.test(rule.for) ? "" : `not for ${durationWords(rule.for)}`;
  return [few, short].filter(Boolean).join(", or ") || "never at a moment of evaluation";
}
