import { ActionIcon, Alert, Button, Group, Modal, NumberInput, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { usePutPrice, type Price } from "@/api/prices";
import { atField, ofForm } from "@/api/problems";
import { Icon } from "@/components/Icon";
import { done } from "@/components/toast";
import styles from "./Settings.module.css";

const RATES = ["input", "output", "cached_input", "cache_write", "cache_write_1h", "reasoning", "input_audio", "output_audio", "output_image", "per_request", "per_web_search"];

/** One own price: whom it is for, and its rates. */
export function PriceForm({ price, onClose }: { price: Price | null; onClose: () => void }) {
  const before = price?.price;
  const [name, setName] = useState(price?.name ?? "");
  const [model, setModel] = useState(before?.model ?? "");
  const [provider, setProvider] = useState(before?.provider ?? "*");
  const [tier, setTier] = useState(before?.service_tier ?? "");
  const [from, setFrom] = useState(before?.from ?? "");
  const [rates, setRates] = useState<[string, number | string][]>(before ? Object.entries(before.rates) : [["input", ""], ["output", ""]]);
  const put = usePutPrice();
  const fault = ofForm(put.error, "name", "model", "provider", "service_tier", "from");
  const set = (at: number, pair: [string, number | string]) => setRates(rates.map((each, index) => (index === at ? pair : each)));
  return (
    <Modal opened onClose={onClose} title={price ? `Edit the price ${price.name}` : "New price"} size="lg">
      <form
        style={{ display: "grid", gap: 16 }}
        onSubmit={(event) => {
          event.preventDefault();
          const entry = { ...before, model, provider: provider || "*", service_tier: tier, from: from || null, rates: Object.fromEntries(rates.filter(([, usd]) => usd !== "").map(([rate, usd]) => [rate, Number(usd)])) };
          put.mutate(
            { name, entry },
            {
              onSuccess: () => {
                done(`The price ${name} is stored. New calls have it within two seconds.`);
                onClose();
              },
            },
          );
        }}
      >
        {fault && (
          <Alert color="red" variant="light" role="alert">
            {fault}
          </Alert>
        )}
        <div className={styles["pair"]}>
          <TextInput label="Name" description="letters, digits, dots, dashes" placeholder="llama-own" required readOnly={!!price} value={name} error={atField(put.error, "name")} onChange={(event) => setName(event.currentTarget.value)} />
          <TextInput label="Model" description="a name, or a pattern" placeholder="llama-*" required value={model} error={atField(put.error, "model")} onChange={(event) => setModel(event.currentTarget.value)} />
        </div>
        <div className={styles["pair"]}>
          <TextInput label="Provider" description="* is any" value={provider} error={atField(put.error, "provider")} onChange={(event) => setProvider(event.currentTarget.value)} />
          <TextInput label="Service tier" description="empty: all" placeholder="priority" value={tier} error={atField(put.error, "service_tier")} onChange={(event) => setTier(event.currentTarget.value)} />
          <TextInput label="From" description="first day, UTC; empty: always" placeholder="2026-01-31" value={from} error={atField(put.error, "from", "price.from")} onChange={(event) => setFrom(event.currentTarget.value)} />
        </div>
        <div className={styles["wide"]} style={{ gap: 6 }}>
          <div className={styles["label"]}>Rates, in US dollars a million tokens; those that begin with per_ are a piece</div>
          {rates.map(([rate, usd], at) => (
            <div key={at} className={styles["buttons"]} style={{ flexWrap: "nowrap" }}>
              <Select aria-label="What is priced" searchable w={170} value={rate} data={[...new Set([...RATES, rate])]} onChange={(value) => set(at, [value ?? rate, usd])} />
              <NumberInput aria-label={`Rate of ${rate}`} prefix="$" min={0} decimalScale={9} hideControls value={usd} onChange={(value) => set(at, [rate, value])} />
              <ActionIcon aria-label={`Remove ${rate}`} onClick={() => setRates(rates.filter((_, index) => index !== at))}>
                <Icon name="close" size={12} />
              </ActionIcon>
            </div>
          ))}
          <div>
            <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setRates([...rates, [RATES.find((each) => !rates.some(([used]) => used === each)) ?? "input", ""]])}>
              Add a rate
            </Button>
          </div>
        </div>
        <Group justify="flex-end">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="filled" loading={put.isPending}>
            Store the price
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
