import { Checkbox, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { atField } from "@/api/problems";
import { PolicyInput } from "@/components/PolicyInput";
import { useMe } from "@/api/me";
import styles from "./Settings.module.css";

export const SCOPES: [scope: string, words: string][] = [
  ["proxy", "Call through the gateway"],
  ["read", "Read, as a viewer"],
  ["write", "Change, as a member"],
  ["admin", "Manage, as an admin"],
  ["snapshot", "Run a gateway on another machine"],
];

export interface KeyValues {
  name: string;
  scopes: string[];
  policy: string;
}

interface Props {
  values: KeyValues;
  onChange: (values: KeyValues) => void;
  error: unknown;
  /** More fields beside name and limits. */
  children?: ReactNode;
}

/** Name, scopes and limits of a key. */
export function KeyFields({ values, onChange, error, children }: Props) {
  const me = useMe().data;
  const snapshot = me?.role === "owner" && me.organisation === "default";
  return (
    <>
      <div className={styles["pair"]}>
        <TextInput label="Name" placeholder="search service" required maxLength={120} value={values.name} error={atField(error, "name")} onChange={(event) => onChange({ ...values, name: event.currentTarget.value })} />
        <PolicyInput label="Limits" example="100;w=60 is 100 calls a minute" value={values.policy} error={atField(error, "policy")} onChange={(policy) => onChange({ ...values, policy })} />
        {children}
      </div>
      <Checkbox.Group label="Permissions" value={values.scopes} onChange={(scopes) => onChange({ ...values, scopes })} error={atField(error, "scopes")}>
        <div className={styles["buttons"]} style={{ gap: "12px 20px", marginTop: 4 }}>
          {SCOPES.filter(([scope]) => scope !== "snapshot" || snapshot || values.scopes.includes("snapshot")).map(([scope, words]) => (
            <Checkbox key={scope} size="xs" value={scope} label={words} />
          ))}
        </div>
      </Checkbox.Group>
    </>
  );
}
