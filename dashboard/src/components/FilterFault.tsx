import { Button } from "@mantine/core";
import { splitConditions, withCondition } from "@/state/filterText";
import { describeFault, type Fault } from "@/state/fault";
import { useScope } from "@/state/search";
import styles from "./FilterBar.module.css";

/** What of the question cannot be read, where it stands, what is accepted, and the ways out. */
export function FilterFault({ fault, q, onChange, onEdit }: { fault: Fault; q: string; onChange: (q: string) => void; onEdit: () => void }) {
  const [, setScope] = useScope();
  const inFilter = fault.place === "filter" && fault.at !== null;
  const condition = inFilter ? splitConditions(q).find((each) => each.start <= fault.at! && fault.at! <= each.end) : undefined;
  const put = (text: string) => condition && onChange(withCondition(q, condition, text));
  return (
    <div className={styles["fault"]} role="alert">
      {inFilter && <Marked text={q} at={fault.at!} found={fault.found} />}
      <p>{describeFault(fault)}</p>
      <div>
        {condition && fault.unknownColumn && fault.near.map((name) => (
          <Button key={name} size="compact-xs" onClick={() => put(condition.text.replace(fault.found, name))}>
            Use {name}
          </Button>
        ))}
        {condition && (
          <Button size="compact-xs" onClick={() => put("")}>
            Take it out
          </Button>
        )}
        {fault.place === "filter" && (
          <Button size="compact-xs" onClick={onEdit}>
            Edit the text
          </Button>
        )}
        {(fault.place === "since" || fault.place === "until") && (
          <Button size="compact-xs" onClick={() => setScope({ since: "", until: "" })}>
            Show the last 24 hours
          </Button>
        )}
        {fault.place === "sort" && (
          <Button size="compact-xs" onClick={() => setScope({ sort: "" })}>
            Show the newest first
          </Button>
        )}
        {fault.place === "columns" && (
          <Button size="compact-xs" onClick={() => setScope({ columns: "" })}>
            Show the usual columns
          </Button>
        )}
      </div>
    </div>
  );
}

/** The filter's text with the faulty part marked. */
function Marked({ text, at, found }: { text: string; at: number; found: string }) {
  const long = text.startsWith(found, at) ? found.length : 1;
  return (
    <code>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + long) || " "}</mark>
      {text.slice(at + long)}
    </code>
  );
}
