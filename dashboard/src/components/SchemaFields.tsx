import { NumberInput, PasswordInput, Select, Switch, TagsInput, TextInput } from "@mantine/core";
import type { FormField } from "@/api/channels";
import { atField } from "@/api/problems";
import { inputOf } from "@/state/schemaForm";

interface Props {
  fields: FormField[];
  values: Record<string, unknown>;
  onChange: (values: Record<string, unknown>) => void;
  error: unknown;
  /** What the API calls the object that holds them. */
  prefix: string;
  /** What is stored; of a secret its mask. Undefined for something new. */
  stored?: Record<string, unknown> | undefined;
}

/** The fields of a form whose schema the API gives. */
export function SchemaFields({ fields, ...rest }: Props) {
  return (
    <>
      {fields.map((field) => (
        <Field key={field.name} field={field} {...rest} />
      ))}
    </>
  );
}

function Field({ field, values, onChange, error, prefix, stored }: Omit<Props, "fields"> & { field: FormField }) {
  const { name, schema } = field;
  const set = (value: unknown) => onChange({ ...values, [name]: value });
  const text = String(values[name] ?? "");
  const kept = field.secret ? String(stored?.[name] ?? "") : "";
  const common = {
    label: field.title,
    description: plain(field.help),
    required: field.required && !kept,
    withAsterisk: false,
    error: atField(error, `${prefix}.${name}`),
  };
  switch (inputOf(field)) {
    case "secret":
      return <PasswordInput {...common} autoComplete="off" value={text} placeholder={kept ? `${kept} stays unless you type another` : ""} onChange={(event) => set(event.currentTarget.value)} />;
    case "choice":
      return <Select {...common} allowDeselect={false} data={(schema["enum"] as unknown[]).map(String)} value={text} onChange={set} />;
    case "list":
      return <TagsInput {...common} required={false} value={(values[name] as string[] | undefined) ?? []} acceptValueOnBlur splitChars={[",", ";", " "]} placeholder="Enter or a comma after each" onChange={set} />;
    case "switch":
      return <Switch size="xs" label={field.title} description={plain(field.help)} checked={values[name] === true} onChange={(event) => set(event.currentTarget.checked)} />;
    case "number":
      return <NumberInput {...common} hideControls allowDecimal={schema["type"] === "number"} value={text === "" ? "" : Number(text)} onChange={set} {...bounds(schema)} />;
    default:
      return <TextInput {...common} autoComplete="off" spellCheck={false} value={text} onChange={(event) => set(event.currentTarget.value)} />;
  }
}

function bounds(schema: Record<string, unknown>): { min?: number; max?: number } {
  const { minimum, maximum } = schema;
  return { ...(typeof minimum === "number" ? { min: minimum } : {}), ...(typeof maximum === "number" ? { max: maximum } : {}) };
}

/** Help texts are documentation as well: without the marks of code. */
function plain(help: string): string {
  return help.replaceAll("`", "");
}
