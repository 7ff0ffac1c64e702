import { Button, Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { Link, useRouter } from "@tanstack/react-router";
import { api, ApiError, dataOf } from "@/api/client";
import { Icon } from "@/components/Icon";
import { LANGUAGES, type Language } from "./languages";

/** What can be done with a call: copied as a program, opened in the playground. */
export function Actions({ id }: { id: string }) {
  const { routesByPath } = useRouter();
  return (
    <>
      <Menu>
        <Menu.Target>
          <Button rightSection={<Icon name="down" size={12} />}>Copy as</Button>
        </Menu.Target>
        <Menu.Dropdown>
          {(Object.keys(LANGUAGES) as Language[]).map((each) => (
            <Menu.Item key={each} onClick={() => void copyAs(id, each)}>
              {LANGUAGES[each]}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item onClick={() => void copyText(location.origin + `/requests/${id}`, "The link")}>Link</Menu.Item>
          <Menu.Item onClick={() => void copyText(id, "The id")}>Id</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {"/playground" in routesByPath && (
        <Button variant="filled" component={Link} {...({ to: "/playground", search: { call: id } } as object)} leftSection={<Icon name="play" size={14} />}>
          Playground
        </Button>
      )}
    </>
  );
}

async function copyAs(id: string, language: Language): Promise<void> {
  try {
    const { code, variables } = await dataOf(api.GET("/api/requests/{id}/code", { params: { path: { id }, query: { language } } }));
    await copyText(code, `The call as ${LANGUAGES[language]}`, variables.length ? `It reads ${variables.join(", ")} from the environment.` : "");
  } catch (error) {
    say("Not copied", error instanceof ApiError ? error.message : String(error), true);
  }
}

async function copyText(text: string, what: string, more = ""): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(`${what} is copied`, more);
  } catch {
    say("Not copied", "The browser does not let this page write to the clipboard. The tab “Code” has the text.", true);
  }
}

function say(title: string, message: string, failed = false): void {
  notifications.show({ title, message, ...(failed ? { color: "red" } : {}) });
}
