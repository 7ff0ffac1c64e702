import { Autocomplete } from "@mantine/core";
import { durationWords } from "@/components/alerts/words";

interface Props {
  label: string;
  value: string;
  choices: string[];
  onChange: (value: string) => void;
  error?: string;
  description?: string;
  placeholder?: string;
  /** What no time means; the field is empty then. */
  zero?: string;
}

/** A duration as rules write it: 5m, 2h, 7d. */
export function DurationField({ label, value, choices, onChange, error, description, placeholder, zero }: Props) {
  const nothing = zero !== undefined && /^0[mhdw]?$/.test(value);
  return (
    <Autocomplete
      label={label}
      description={description}
      placeholder={zero ?? placeholder}
      value={nothing ? "" : value}
      data={choices}
      filter={({ options }) => options}
      renderOption={({ option }) => (option.value.startsWith("0") ? (zero ?? "none") : durationWords(option.value))}
      rightSection={<small className="dim" style={{ whiteSpace: "nowrap" }}>{/^[1-9]\d*[mhdw]$/.test(value) ? durationWords(value).replace(/^\d+ /, "") : ""}</small>}
      rightSectionWidth={62}
      rightSectionPointerEvents="none"
      error={error}
      onChange={(typed) => onChange(zero && typed === "" ? "0m" : typed)}
    />
  );
}
