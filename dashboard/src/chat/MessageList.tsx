import { ActionIcon, Button, NativeSelect } from "@mantine/core";
import { Icon } from "@/components/Icon";
import { indent } from "./json";
import { newMessage, type Draft, type DraftMessage, type Faults } from "./draft";
import styles from "./Fields.module.css";
import { JsonField } from "./JsonField";
import { TemplateArea } from "./TemplateArea";

interface Props {
  draft: Draft;
  faults: Faults;
  onChange: (messages: DraftMessage[]) => void;
  onRun?: (() => void) | undefined;
}

const ROLES = ["system", "user", "assistant", "tool"];
const HINTS: Record<string, string> = {
  system: "What the model is, and how it answers",
  user: "What is asked. {{name}} is a variable",
  assistant: "What the model is to have said",
  tool: "What the tool returned",
};

/** The messages of a request, edited one by one. */
export function MessageList({ draft, faults, onChange, onRun }: Props) {
  const { messages } = draft;
  const change = (at: number, part: Partial<DraftMessage>) => onChange(messages.map((each, index) => (index === at ? { ...each, ...part } : each)));
  const move = (at: number, step: number) => {
    const moved = [...messages];
    moved.splice(at + step, 0, ...moved.splice(at, 1));
    onChange(moved);
  };
  const last = messages.at(-1)?.role;
  return (
    <div>
      {messages.map((message, index) => (
        <MessageFields
          key={message.key}
          message={message}
          at={index}
          count={messages.length}
          faults={faults}
          onRun={onRun}
          onChange={(part) => change(index, part)}
          onMove={(step) => move(index, step)}
          onRemove={() => onChange(messages.filter((_, each) => each !== index))}
        />
      ))}
      {!messages.length && <p className={styles["add"]}>No messages yet.</p>}
      <div className={styles["add"]}>
        <Button variant="subtle" color="gray" leftSection={<Icon name="plus" size={13} />} onClick={() => onChange([...messages, newMessage(last === "user" ? "assistant" : "user")])}>
          Add message
        </Button>
        {!messages.some((message) => message.role === "system") && (
          <Button variant="subtle" color="gray" onClick={() => onChange([newMessage("system"), ...messages])}>
            Add system message
          </Button>
        )}
      </div>
    </div>
  );
}

interface FieldsProps {
  message: DraftMessage;
  at: number;
  count: number;
  faults: Faults;
  onRun: (() => void) | undefined;
  onChange: (part: Partial<DraftMessage>) => void;
  onMove: (step: number) => void;
  onRemove: () => void;
}

function MessageFields({ message, at, count, faults, onRun, onChange, onMove, onRemove }: FieldsProps) {
  const name = `Message ${at + 1}, ${message.role}`;
  const roles = ROLES.includes(message.role) ? ROLES : [message.role, ...ROLES];
  return (
    <div className={styles["message"]} role="group" aria-label={`Message ${at + 1}`}>
      <NativeSelect size="xs" aria-label={`Role of message ${at + 1}`} data={roles} value={message.role} onChange={(event) => onChange({ role: event.currentTarget.value })} />
      <div className={styles["content"]}>
        {message.parts === null ? (
          <TemplateArea label={name} value={message.text} placeholder={HINTS[message.role] ?? ""} onChange={(text) => onChange({ text })} />
        ) : (
          <>
            <span className={styles["under"]}>content, as JSON parts</span>
            <JsonField label={`Content of message ${at + 1}`} value={message.parts} fault={faults[`${message.key}.parts`]} onChange={(parts) => onChange({ parts })} onRun={onRun} />
          </>
        )}
        {(message.extra || faults[`${message.key}.extra`]) && (
          <>
            <span className={styles["under"]}>its other members, such as tool calls</span>
            <JsonField label={`Other members of message ${at + 1}`} value={message.extra} fault={faults[`${message.key}.extra`]} onChange={(extra) => onChange({ extra })} onRun={onRun} />
          </>
        )}
      </div>
      <div className={styles["tools"]}>
        {message.parts === null && (
          <ActionIcon aria-label={`Edit message ${at + 1} as JSON`} title="As JSON parts, for images and the like" onClick={() => onChange({ parts: indent([{ type: "text", text: message.text }]) })}>
            <Icon name="sql" size={13} />
          </ActionIcon>
        )}
        <ActionIcon aria-label={`Move message ${at + 1} up`} title="Up" disabled={at === 0} onClick={() => onMove(-1)}>
          <Icon name="up" size={13} />
        </ActionIcon>
        <ActionIcon aria-label={`Move message ${at + 1} down`} title="Down" disabled={at === count - 1} onClick={() => onMove(1)}>
          <Icon name="down" size={13} />
        </ActionIcon>
        <ActionIcon aria-label={`Remove message ${at + 1}`} title="Remove" onClick={onRemove}>
          <Icon name="trash" size={13} />
        </ActionIcon>
      </div>
    </div>
  );
}
