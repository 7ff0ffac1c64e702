import { Menu, UnstyledButton, VisuallyHidden, useMantineColorScheme, useComputedColorScheme } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "@/api/client";
import type { components } from "@/api/schema";
import { Icon } from "@/components/Icon";
import { useScope } from "@/state/search";
import styles from "./AccountMenu.module.css";

/** The organisation, and a menu: theme, zone, other organisations, log out. */
export function AccountMenu({ me }: { me: components["schemas"]["Me"] | undefined }) {
  const { setColorScheme } = useMantineColorScheme();
  const shown = useComputedColorScheme("light");
  const [scope, setScope] = useScope();
  const queries = useQueryClient();
  const here = me?.organisations?.find((each) => each.organisation.id === me.organisation)?.organisation;
  const name = here?.name ?? me?.organisation ?? "";
  const logOut = async () => {
    await api.POST("/api/logout");
    location.assign("/login");
  };
  const switchTo = async (organisation: string) => {
    await api.POST("/api/session", { body: { organisation } });
    queries.clear();
    location.assign("/");
  };
  return (
    <Menu position="top-start" width={216}>
      <Menu.Target>
        <UnstyledButton className={styles["button"]}>
          <span className={styles["avatar"]} aria-hidden="true" data-letter={name.slice(0, 1).toUpperCase()} />
          <span className={styles["name"]}>
            {name}
            {me?.email && <small>{me.name || me.email}</small>}
            <VisuallyHidden> Account menu</VisuallyHidden>
          </span>
          <Icon name="choose" size={14} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {me?.email && <Menu.Label>{me.name ? `${me.name} · ${me.email}` : me.email}</Menu.Label>}
        <Menu.Item leftSection={<Icon name="play" />} component={Link} to={"/start" as string}>
          Send a call
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="settings" />} component={Link} to={"/settings/account" as string}>
          Your account
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<Icon name={shown === "dark" ? "sun" : "moon"} />} onClick={() => setColorScheme(shown === "dark" ? "light" : "dark")}>
          {shown === "dark" ? "Light theme" : "Dark theme"}
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="clock" />} onClick={() => setScope({ zone: scope.zone === "utc" ? "local" : "utc" })}>
          {scope.zone === "utc" ? "Show times in my zone" : "Show times in UTC"}
        </Menu.Item>
        {(me?.organisations?.length ?? 0) > 1 && (
          <>
            <Menu.Divider />
            <Menu.Label>Organisations</Menu.Label>
            {me?.organisations?.map(({ organisation }) => (
              <Menu.Item key={organisation.id} disabled={organisation.id === me.organisation} onClick={() => void switchTo(organisation.id)}>
                {organisation.name}
              </Menu.Item>
            ))}
          </>
        )}
        <Menu.Divider />
        <Menu.Item onClick={() => void logOut()}>Log out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
