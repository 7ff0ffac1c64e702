import { Button } from "@mantine/core";
import { useState } from "react";
import { useDeletePrice, usePrices, type Price } from "@/api/prices";
import { Tag, Time } from "@/components/Bits";
import { Confirm } from "@/components/Confirm";
import { Icon } from "@/components/Icon";
import { Panel } from "@/components/Page";
import { Empty, Loaded, RowsSkeleton } from "@/components/States";
import { done } from "@/components/toast";
import { perMillion } from "@/format/numbers";
import { useMay } from "@/state/roles";
import { PriceForm } from "./PriceForm";
import styles from "./Settings.module.css";

/** Prices of this organisation, which come before all others. */
export function OwnPrices() {
  const query = usePrices();
  const admin = useMay("admin");
  const [editing, setEditing] = useState<Price | "new" | null>(null);
  return (
    <Panel
      title="Own prices"
      sub="they come before the built-in ones"
      flush
      actions={
        <Button variant="filled" leftSection={<Icon name="plus" size={13} />} disabled={!admin} title={admin ? "" : "Admins and owners can do this"} onClick={() => setEditing("new")}>
          Add a price
        </Button>
      }
    >
      <Loaded query={query} skeleton={<RowsSkeleton rows={2} />}>
        {({ data }) =>
          data.length ? (
            <ul className={styles["list"]} aria-label="Own prices" style={{ marginTop: 8 }}>
              {data.map((price) => (
                <PriceRow key={price.name} price={price} admin={admin} onEdit={() => setEditing(price)} />
              ))}
            </ul>
          ) : (
            <Empty title="No own prices">For models of your own, or a rate that you negotiated. New calls are priced with them within two seconds.</Empty>
          )
        }
      </Loaded>
      {editing && <PriceForm price={editing === "new" ? null : editing} onClose={() => setEditing(null)} />}
    </Panel>
  );
}

function PriceRow({ price, admin, onEdit }: { price: Price; admin: boolean; onEdit: () => void }) {
  const [asking, setAsking] = useState(false);
  const remove = useDeletePrice();
  const { provider, model, rates, service_tier: tier, from } = price.price;
  return (
    <li className={styles["item"]}>
      <div className={styles["main"]}>
        <strong>
          {price.name} <span className="mono dim">{model}</span>{" "}
          <Tag>{!provider || provider === "*" ? "any provider" : provider}</Tag> {tier && <Tag>{tier}</Tag>}
        </strong>
        <small className={styles["figures"]}>
          {Object.entries(rates).map(([name, usd]) => (
            <span key={name}>
              {name.replaceAll("_", " ")} {perMillion(usd)}
            </span>
          ))}
          {from && <span>from {from}</span>}
          {(price.price.above?.length ?? 0) > 0 && <span>{price.price.above!.length} step(s) for long prompts</span>}
          <span>
            changed <Time at={new Date(price.changed_us / 1000)} />
          </span>
        </small>
      </div>
      {admin && (
        <div className={styles["end"]}>
          <Button variant="subtle" color="gray" onClick={onEdit} aria-label={`Edit the price ${price.name}`}>
            Edit
          </Button>
          <Button color="red" variant="subtle" onClick={() => setAsking(true)} aria-label={`Delete the price ${price.name}`}>
            Delete
          </Button>
        </div>
      )}
      <Confirm
        title={`Delete the price ${price.name}?`}
        action={`Delete ${price.name}`}
        opened={asking}
        pending={remove.isPending}
        error={remove.error}
        onClose={() => setAsking(false)}
        onConfirm={() => remove.mutate(price.name, { onSuccess: () => done(`The price ${price.name} is deleted.`) })}
      >
        New calls to {model} get the next price that fits. Calls that it priced keep their cost until they are priced again.
      </Confirm>
    </li>
  );
}
