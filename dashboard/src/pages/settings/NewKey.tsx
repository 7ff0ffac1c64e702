import { Alert, Button, PasswordInput, Select } from "@mantine/core";
import { useState } from "react";
import { useCreateKey } from "@/api/keys";
import { atField, ofForm } from "@/api/problems";
import { Panel } from "@/components/Page";
import { Secret } from "@/components/Secret";
import { KeyFields, type KeyValues } from "./KeyFields";
import styles from "./Settings.module.css";

const EMPTY: KeyValues = { name: "", scopes: ["proxy"], policy: "" };
const LIVES = [
  { value: "0", label: "Never" },
  { value: "7", label: "In 7 days" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
];

/** Makes a key and shows it once. */
export function NewKey({ onClose }: { onClose: () => void }) {
  const [values, setValues] = useState(EMPTY);
  const [life, setLife] = useState("0");
  const [token, setToken] = useState<string | null>(null);
  const make = useCreateKey();
  const fault = ofForm(make.error, "name", "scopes", "policy", "token", "expires");
  return (
    <Panel title="New key">
      {make.data ? (
        <div className={styles["wide"]}>
          <Secret text={make.data.key} label="Copy the key">
            Copy it now: {make.data.about.name} is not shown again. Programs send it as <code>Helicone-Auth: Bearer …</code>, or as their provider's key where a credential is stored.
          </Secret>
          <div>
            <Button onClick={onClose}>Done, I have it</Button>
          </div>
        </div>
      ) : (
        <form
          className={styles["wide"]}
          onSubmit={(event) => {
            event.preventDefault();
            make.mutate({ ...values, token: token ?? "", ...(life === "0" ? {} : { expires: new Date(Date.now() + Number(life) * 86_400_000).toISOString() }) });
          }}
        >
          {fault && (
            <Alert color="red" variant="light" role="alert">
              {fault}
            </Alert>
          )}
          <KeyFields values={values} onChange={setValues} error={make.error}>
            <Select label="Expires" allowDeselect={false} value={life} data={LIVES} onChange={(value) => setLife(value ?? "0")} />
          </KeyFields>
          {token !== null && (
            <PasswordInput label="Existing Helicone key" description="sk-helicone-…: it goes on working here" autoComplete="off" value={token} error={atField(make.error, "token")} onChange={(event) => setToken(event.currentTarget.value)} />
          )}
          <div className={styles["buttons"]}>
            <Button type="submit" variant="filled" loading={make.isPending}>
              Create the key
            </Button>
            <Button onClick={onClose}>Cancel</Button>
            <Button variant="subtle" color="gray" ml="auto" onClick={() => setToken(token === null ? "" : null)}>
              {token === null ? "Import a key of Helicone" : "Make a new one instead"}
            </Button>
          </div>
        </form>
      )}
    </Panel>
  );
}
