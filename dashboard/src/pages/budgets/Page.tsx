import { Button } from "@mantine/core";
import { useBudgets } from "@/api/budgets";
import { useChannels } from "@/api/channels";
import { Icon } from "@/components/Icon";
import { PageBody, PageTop, Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { useMay } from "@/state/roles";
import { useScope } from "@/state/search";
import { BudgetForm } from "./BudgetForm";
import { BudgetRow } from "./BudgetRow";
import styles from "./Budgets.module.css";

/** Money for a day or a month: what is spent of it, and what will be at the end. */
export function Page() {
  const [scope, setScope] = useScope();
  const query = useBudgets();
  const channels = useChannels().data ?? [];
  const admin = useMay("admin");
  const budgets = query.data?.pages.flatMap((page) => page.data) ?? [];
  const edit = String(scope["edit"] ?? "");
  const edited = budgets.find((budget) => budget.id === edit);
  const zone = budgets.find((budget) => budget.spending)?.spending?.zone;
  const add = admin && (
    <Button variant="filled" leftSection={<Icon name="plus" size={14} />} onClick={() => setScope({ edit: "new" })}>
      New budget
    </Button>
  );
  return (
    <>
      <PageTop title="Budgets" beside="money for a day or a month">
        {add}
      </PageTop>
      <PageBody>
        <Loaded query={query} skeleton={<Panel><RowsSkeleton rows={6} /></Panel>}>
          {() =>
            budgets.length ? (
              <>
                {(["month", "day"] as const).map((period) => {
                  const rows = budgets.filter((budget) => budget.period === period);
                  if (!rows.length) return null;
                  return (
                    <Panel key={period} title={period === "month" ? "This month" : "Today"} sub={zone ? `of the calendar in ${zone}` : ""} flush>
                      <ul className={styles["list"]} aria-label={period === "month" ? "Monthly budgets" : "Daily budgets"}>
                        {rows.map((budget) => (
                          <BudgetRow key={budget.id} budget={budget} channels={channels} />
                        ))}
                      </ul>
                    </Panel>
                  );
                })}
                {query.hasNextPage && (
                  <div>
                    <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                      Show more
                    </Button>
                  </div>
                )}
                <p className="dim" style={{ margin: 0 }}>
                  Spending is the cost of the calls in the log. The hatched part is the forecast: the pace of the last 7 days, of a daily budget the last 24 hours, until the period ends.
                </p>
              </>
            ) : (
              <Panel>
                <Empty title="No budget yet" action={add}>
                  A budget says how much may be spent in a day or a month: by the organisation, a key, a user or a property. Channels are told at shares of it, and gateways can refuse calls above it.{admin ? "" : " An admin can make one."}
                </Empty>
              </Panel>
            )
          }
        </Loaded>
      </PageBody>
      {admin && (edit === "new" || edited) && <BudgetForm key={edit} budget={edited} onClose={() => setScope({ edit: "" })} />}
    </>
  );
}
