import { useParams } from "@tanstack/react-router";
import { useAlert } from "@/api/alerts";
import { wholeRule, type Rule } from "@/components/alerts/rule";
import { PageBody, PageTop } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { useMay } from "@/state/roles";
import { useScope } from "@/state/search";
import { useMe } from "@/api/me";
import { Editor } from "./Editor";
import { NEW_RULE } from "./draft";

/** Writes a rule, or changes one. `from` is a rule to begin with, `q` a filter. */
export function Page() {
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  const [scope] = useScope();
  const from = id || (typeof scope["from"] === "string" ? scope["from"] : "");
  const query = useAlert(from);
  const known = useMe().data !== undefined;
  const admin = useMay("admin");
  const title = id ? "Edit the rule" : "New rule";
  if (known && !admin) {
    return (
      <>
        <PageTop title={title} />
        <PageBody>
          <Empty title="Rules are for admins and owners">The page Members in Settings shows who may change them.</Empty>
        </PageBody>
      </>
    );
  }
  if (!from) {
    const base: Rule = scope.q ? { ...NEW_RULE, filter: scope.q } : NEW_RULE;
    return <Editor title={title} base={base} />;
  }
  return query.data ? (
    <Editor key={from} title={id ? query.data.rule.name : title} base={id ? wholeRule(query.data.rule) : { ...wholeRule(query.data.rule), name: `${query.data.rule.name}, copy`.slice(0, 120) }} {...(id ? { alert: query.data } : {})} />
  ) : (
    <>
      <PageTop title={title} />
      <PageBody>
        <Loaded query={query} skeleton={<RowsSkeleton rows={10} />}>
          {() => null}
        </Loaded>
      </PageBody>
    </>
  );
}
