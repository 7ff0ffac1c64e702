import { UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { UseQueryResult } from "@tanstack/react-query";
import type { SqlView } from "@/api/sql";
import { Icon } from "@/components/Icon";
import { Segments } from "@/components/Segments";
import { RowsSkeleton, Loaded } from "@/components/States";
import { useScope } from "@/state/search";
import { HistoryList } from "./HistoryList";
import type { Past } from "./memory";
import { SavedList } from "./SavedList";
import { SchemaTree } from "./SchemaTree";
import styles from "./SidePane.module.css";

interface Props {
  schema: UseQueryResult<{ views: SqlView[] }>;
  history: Past[];
  current: string;
  /** Puts a name at the cursor. */
  onInsert: (name: string) => void;
  /** Puts a whole query into the editor. */
  onText: (sql: string) => void;
  onForget: () => void;
}

/** Beside the editor: what can be read, saved queries, and what was run before. */
export function SidePane({ schema, history, current, onInsert, onText, onForget }: Props) {
  const [scope, setScope] = useScope();
  const [open, toggle] = useDisclosure(false);
  const asked = scope["side"];
  const tab = asked === "saved" || asked === "history" ? asked : "schema";
  return (
    <aside className={styles["side"]} data-open={open || undefined} aria-label="Schema, saved queries, history">
      <UnstyledButton className={styles["fold"]} onClick={toggle.toggle} aria-expanded={open}>
        <Icon name={open ? "down" : "right"} size={14} /> Schema, saved queries, history
      </UnstyledButton>
      <div className={styles["inside"]}>
        <Segments fullWidth label="Side bar" value={tab} onChange={(side) => setScope({ side: side === "schema" ? "" : side }, true)} options={{ schema: "Schema", saved: "Saved", history: "History" }} />
        {tab === "schema" && (
          <Loaded query={schema} skeleton={<RowsSkeleton rows={14} />}>
            {({ views }) => <SchemaTree views={views} onInsert={onInsert} />}
          </Loaded>
        )}
        {tab === "saved" && <SavedList current={current} />}
        {tab === "history" && <HistoryList history={history} onText={onText} onForget={onForget} />}
      </div>
    </aside>
  );
}
