import { Skeleton } from "@mantine/core";
import { lazy, Suspense } from "react";
import { bytes } from "@/format/numbers";
import type { Fault } from "./json";
import styles from "./Fields.module.css";

const JsonEditor = lazy(() => import("./JsonEditor"));
const MAX_EDITED = 200_000;

interface Props {
  label: string;
  value: string;
  onChange: (text: string) => void;
  placeholder?: string;
  fault?: Fault | undefined;
  onRun?: (() => void) | undefined;
}

/** A field for JSON. What is wrong stands below it and is marked at its place. */
export function JsonField({ label, value, onChange, placeholder = "", fault, onRun }: Props) {
  if (value.length > MAX_EDITED) return <p className={styles["large"]}>{bytes(value.length)} of JSON: too large to be edited here, and sent as it is.</p>;
  return (
    <div>
      <div className={styles["json"]} data-fault={fault ? true : undefined}>
        <Suspense fallback={<Skeleton height={58} />}>
          <JsonEditor value={value} onChange={onChange} label={label} placeholder={placeholder} fault={fault} onRun={onRun} />
        </Suspense>
      </div>
      {fault && (
        <p className={styles["fault"]} role="alert">
          {fault.message}
        </p>
      )}
    </div>
  );
}
