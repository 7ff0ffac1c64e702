import { Button, Menu } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useSilenceChanges } from "@/api/silences";
import { done, failed } from "@/components/toast";
import type { Matcher } from "./matching";

const TIMES: [label: string, minutes: number][] = [
  ["For 1 hour", 60],
  ["For 4 hours", 240],
  ["For 1 day", 1440],
  ["For 1 week", 10_080],
];

interface Props {
  matchers: Matcher[];
  /** What is silenced, in words: the rule's name, or "user ada". */
  what: string;
  label?: string;
  compact?: boolean;
  subtle?: boolean;
}

/** Silences some alerts for a time, with one click, or leads to the form where more can be said. */
export function SilenceMenu({ matchers, what, label = "Silence", compact = false, subtle = false }: Props) {
  const { create } = useSilenceChanges();
  const silence = (minutes: number) =>
    create.mutate(
      { matchers, ends_us: (Date.now() + minutes * 60_000) * 1000, starts_us: 0, comment: "" },
      { onSuccess: () => done(`${what} is silenced. States and history go on.`), onError: (error) => failed(`${what} was not silenced`, error) },
    );
  return (
    <Menu position="bottom-end" shadow="md" width={190}>
      <Menu.Target>
        <Button {...(compact ? { size: "compact-sm" } : {})} {...(subtle ? { variant: "subtle", color: "gray" } : {})} loading={create.isPending} aria-label={`${label} ${what}`}>
          {label}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {TIMES.map(([text, minutes]) => (
          <Menu.Item key={minutes} onClick={() => silence(minutes)}>
            {text}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item component={Link} {...({ to: "/alerts/silences", search: { match: JSON.stringify(matchers) } } as object)}>
          Until a time, or more …
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
