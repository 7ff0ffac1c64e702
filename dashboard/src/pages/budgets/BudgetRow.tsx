import { ActionIcon, Button, Menu } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useDeleteBudget, type Budget, type BudgetSpending } from "@/api/budgets";
import type { Channel } from "@/api/channels";
import { Tag } from "@/components/Bits";
import { Confirm } from "@/components/Confirm";
import { Icon } from "@/components/Icon";
import { done } from "@/components/toast";
import { count, money, percent } from "@/format/numbers";
import { useMay } from "@/state/roles";
import { useScope, writeScope } from "@/state/search";
import styles from "./Budgets.module.css";
import { SpendBar } from "./SpendBar";
import { filterOf, scopeWords, timeLeft, toneOf } from "./spend";

/** One budget: whose calls count, what is spent of it, and what will be. */
export function BudgetRow({ budget, channels }: { budget: Budget; channels: Channel[] }) {
  const spending = budget.spending;
  const admin = useMay("admin");
  const told = budget.channels.map((id) => channels.find((channel) => channel.id === id)?.name ?? "a channel that is gone");
  return (
    <li className={styles["row"]} aria-label={budget.name}>
      <div className={styles["who"]}>
        <div className={styles["name"]}>
          <strong>{budget.name}</strong>
          {budget.hard && <Tag>hard limit</Tag>}
          {spending && spending.share >= 1 && <Tag tone="bad">{budget.hard ? "spent: calls are refused" : "spent"}</Tag>}
        </div>
        <CallsLink budget={budget}>{scopeWords(budget)}</CallsLink>
        <small>{budget.shares.length && told.length ? `${told.join(", ")} at ${budget.shares.join(", ")} %` : "nobody is told"}</small>
      </div>
      {spending ? <SpendBar label={`Spent of ${budget.name}`} limit={budget.limit_usd} shares={budget.shares} share={spending.share} forecast_share={spending.forecast_share} /> : <span />}
      {spending && <Figures budget={budget} spending={spending} />}
      {admin && <Buttons budget={budget} />}
      {spending && spending.values.length > 0 && <Values budget={budget} spending={spending} />}
    </li>
  );
}

function Figures({ budget, spending }: { budget: Budget; spending: BudgetSpending }) {
  const tone = toneOf(spending);
  const over = spending.forecast_share > 1;
  return (
    <div className={styles["figures"]}>
      <strong className={tone === "bad" ? styles["over"] : ""}>{money(spending.spent_usd)}</strong>
      <small>
        {percent(spending.share)} of {money(budget.limit_usd)}
        {budget.value || budget.scope === "organisation" ? "" : " at most"}
      </small>
      <small>
        <em className={over ? styles["near"] : ""}>forecast {money(spending.forecast_usd)}</em>, {timeLeft(spending, Date.now()).words}
      </small>
      {spending.unpriced_calls > 0 && <small title="Their cost is not known, so it is not in the sum">{count(spending.unpriced_calls)} calls without a price</small>}
    </div>
  );
}

function CallsLink({ budget, value, children }: { budget: Budget; value?: string; children: React.ReactNode }) {
  const [{ zone }] = useScope();
  const since = budget.spending ? new Date(budget.spending.since_us / 1000).toISOString() : "";
  return (
    <Link to={"/requests" as string} search={writeScope({ q: filterOf(budget, value ?? budget.value), since, zone }) as never} title="Their calls of this period">
      {children}
    </Link>
  );
}

/** Of a budget for each value: those that spent most. */
function Values({ budget, spending }: { budget: Budget; spending: BudgetSpending }) {
  const [all, setAll] = useState(false);
  const shown = all ? spending.values : spending.values.slice(0, 6);
  const more = spending.value_count - shown.length;
  return (
    <ul className={styles["values"]} aria-label={`Most of ${budget.name}`}>
      {shown.map((one) => (
        <li key={one.value}>
          <CallsLink budget={budget} value={one.value}>
            {one.name}
          </CallsLink>
          <SpendBar small label={`Spent by ${one.name}`} limit={budget.limit_usd} shares={[]} share={one.share} forecast_share={0} />
          <span className="num">
            {money(one.spent_usd)} <span className="dim">{percent(one.share)}</span>
          </span>
        </li>
      ))}
      {more > 0 && (
        <li>
          {!all && spending.values.length > shown.length ? (
            <Button variant="subtle" color="gray" size="compact-xs" onClick={() => setAll(true)}>
              {count(more)} more
            </Button>
          ) : (
            <span className="dim">{count(more)} more spent less</span>
          )}
        </li>
      )}
    </ul>
  );
}

function Buttons({ budget }: { budget: Budget }) {
  const [, setScope] = useScope();
  const [asking, setAsking] = useState(false);
  const remove = useDeleteBudget();
  return (
    <div className={styles["end"]}>
      <Button onClick={() => setScope({ edit: budget.id })} aria-label={`Change ${budget.name}`}>
        Change
      </Button>
      <Menu>
        <Menu.Target>
          <ActionIcon aria-label={`More of ${budget.name}`}>
            <Icon name="more" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item color="red" onClick={() => setAsking(true)}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Confirm title={`Delete the budget ${budget.name}?`} action={`Delete ${budget.name}`} opened={asking} pending={remove.isPending} error={remove.error} onClose={() => setAsking(false)} onConfirm={() => remove.mutate(budget.id, { onSuccess: () => done(`${budget.name} is deleted.`) })}>
        {budget.hard ? "Its hard limit ends within two seconds: gateways refuse no more calls for it." : "Nobody is told of its shares any more."} The calls and what they cost stay in the log.
      </Confirm>
    </div>
  );
}
