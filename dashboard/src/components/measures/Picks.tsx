import { MultiSelect, Select } from "@mantine/core";
import type { ChoiceGroup } from "./choices";

interface Props {
  label: string;
  data: ChoiceGroup[];
  value: string[];
  onChange: (value: string[]) => void;
  /** How many may be chosen. */
  most: number;
  placeholder: string;
  clearable?: boolean;
  description?: string | undefined;
  error?: string;
}

/** One name of a menu, or several in their order. */
export function Picks({ label, data, value, onChange, most, placeholder, clearable = false, description, error }: Props) {
  const shared = { label, data, description, error, searchable: true, selectFirstOptionOnChange: true, nothingFoundMessage: "Nothing has that name" } as const;
  return most === 1 ? (
    <Select {...shared} value={value[0] ?? null} onChange={(one) => onChange(one ? [one] : [])} placeholder={placeholder} clearable={clearable} allowDeselect={clearable} />
  ) : (
    <MultiSelect {...shared} value={value} onChange={onChange} maxValues={most} hidePickedOptions placeholder={value.length ? "" : placeholder} />
  );
}
