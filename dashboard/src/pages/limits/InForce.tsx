import { Link } from "@tanstack/react-router";
import { useOrganisation } from "@/api/account";
import { useKeys } from "@/api/keys";
import { figure, useMetrics } from "@/api/metrics";
import { useStatus } from "@/api/status";
import { FilterLink } from "@/components/Bits";
import { Panel } from "@/components/Page";
import { shortCount } from "@/format/numbers";
import { useMay } from "@/state/roles";
import { joinCondition, useScope } from "@/state/search";
import { readPolicies, readPolicy, wordsOf } from "@/format/policies";
import styles from "./Limits.module.css";

interface Source {
  name: string;
  policy: string;
  to: string;
}

/** The limits that are set, and those that calls brought along in a header. */
export function InForce() {
  const admin = useMay("admin");
  const status = useStatus().data;
  const organisation = useOrganisation().data;
  const keys = useKeys(admin).data?.pages.flatMap((page) => page.data) ?? [];
  const [scope] = useScope();
  const seen = useMetrics({ filter: joinCondition(scope.q, "limit_policy:*"), measures: ["calls", "limit_refusals"], dimensions: ["limit_policy"], top: { n: 12, by: "calls" } }).data;
  const set: Source[] = [
    ...(status?.gateway.policy ? [{ name: "This installation", policy: status.gateway.policy, to: "/settings/retention" }] : []),
    ...(organisation?.policy ? [{ name: organisation.name, policy: organisation.policy, to: "/settings/organisation" }] : []),
    ...keys.filter((key) => key.policy && !key.revoked_us).map((key) => ({ name: `Key ${key.name}`, policy: key.policy, to: "/settings/keys" })),
  ];
  const texts = new Set(set.flatMap((each) => readPolicies(each.policy).map(wordsOf)));
  const brought = seen?.groups.flatMap((group) => {
    const policy = readPolicy(String(group.key["limit_policy"] ?? ""));
    return policy && !texts.has(wordsOf(policy)) ? [{ policy, calls: figure(group.totals, "calls"), refused: figure(group.totals, "limit_refusals") }] : [];
  });
  return (
    <Panel title="In force" flush>
      <ul className={styles["list"]} aria-label="Limits that are set">
        {set.map((source) => (
          <li key={source.name + source.policy} className={styles["set"]}>
            <Link to={source.to as string}>{source.name}</Link>
            {readPolicies(source.policy).map((policy) => (
              <span key={policy.text} title={policy.text}>
                {wordsOf(policy)}
              </span>
            ))}
          </li>
        ))}
        {!set.length && (
          <li className={styles["set"]}>
            <span className="dim">No limit is set here. {admin ? "Keys and the organisation can have them." : "An admin can set them for keys and the organisation."}</span>
          </li>
        )}
        {brought?.map(({ policy, calls, refused }) => (
          <li key={policy.text} className={styles["set"]}>
            <span className="dim">By a header of the call</span>
            <FilterLink column="limit_policy" value={policy.text}>
              {wordsOf(policy)}
            </FilterLink>
            <small>
              {shortCount(calls)} calls in this range{refused ? `, ${shortCount(refused)} refused` : ""}
            </small>
          </li>
        ))}
      </ul>
      {!admin && <p className={styles["note"]}>Limits of keys are shown to admins and owners.</p>}
    </Panel>
  );
}
