import styles from "./Fields.module.css";

interface Props {
  label: string;
  value: string;
  onChange: (text: string) => void;
  placeholder?: string;
  autoFocus?: boolean;
}

/** A text that grows with what is written; its placeholders are marked. The text below the field is what gives it its height. */
export function TemplateArea({ label, value, onChange, placeholder = "", autoFocus = false }: Props) {
  return (
    <div className={styles["area"]}>
      <div className={styles["behind"]} aria-hidden="true">
        {value.split(/(\{\{[^{}]*\}\})/).map((piece, index) => (index % 2 ? <mark key={index}>{piece}</mark> : piece))}
        {"\n"}
      </div>
      <textarea
        aria-label={label}
        value={value}
        placeholder={placeholder}
        autoFocus={autoFocus}
        spellCheck={false}
        onChange={(event) => onChange(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
    </div>
  );
}
