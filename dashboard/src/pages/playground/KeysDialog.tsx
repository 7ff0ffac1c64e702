import { Button, Group, Modal, PasswordInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Provider } from "@/api/playground";

interface Props {
  providers: Provider[];
  keys: Record<string, string>;
  onChange: (keys: Record<string, string>) => void;
  onClose: () => void;
}

/** Keys of providers for this page. They are in its memory alone. */
export function KeysDialog({ providers, keys, onChange, onClose }: Props) {
  return (
    <Modal opened onClose={onClose} title="Keys of providers">
      <form
        style={{ display: "grid", gap: 16 }}
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          onClose();
        }}
      >
        <p style={{ margin: 0 }}>
          A key typed here is used by this page until it is closed or reloaded. It is stored nowhere. To keep one for your whole organisation, an
          admin stores it in <Link to={"/settings" as string}>the settings</Link>.
        </p>
        {providers.map((provider, index) => (
          <PasswordInput
            key={provider.name}
            label={provider.display}
            placeholder={provider.has_credential ? "the stored key is used" : "sk-…"}
            autoComplete="new-password"
            value={keys[provider.name] ?? ""}
            onChange={(event) => onChange({ ...keys, [provider.name]: event.currentTarget.value })}
            data-autofocus={index === 0 || undefined}
          />
        ))}
        <Group justify="end">
          <Button type="submit" variant="filled">
            Done
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
