import { TextInput } from "@mantine/core";
import { readPolicies, wordsOf } from "@/format/policies";

/** Limits in the form of Helicone-RateLimit-Policy; what they mean stands below in words. */
export function PolicyInput(props: { label: string; value: string; onChange: (value: string) => void; error: string; disabled?: boolean; example: string }) {
  const policies = readPolicies(props.value);
  const whole = props.value.split(",").length === policies.length;
  const words = !props.value ? `Empty: none. ${props.example}` : whole ? policies.map(wordsOf).join(", and ") : `A limit, w= and its seconds, such as ${props.example}`;
  return (
    <TextInput
      label={props.label}
      placeholder="none"
      spellCheck={false}
      value={props.value}
      disabled={props.disabled ?? false}
      description={words}
      error={props.error}
      inputWrapperOrder={["label", "input", "description", "error"]}
      styles={{ input: { fontFamily: "var(--mono)" } }}
      onChange={(event) => props.onChange(event.currentTarget.value)}
    />
  );
}
