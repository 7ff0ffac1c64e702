import { notifications } from "@mantine/notifications";
import { ofForm } from "@/api/problems";

/** Says that something was done, in a corner, for a few seconds. */
export function done(message: string): void {
  notifications.show({ message, color: "teal", autoClose: 4_000 });
}

/** Says that something was not done, and why. */
export function failed(what: string, error: unknown): void {
  notifications.show({ title: what, message: ofForm(error), color: "red", autoClose: 10_000 });
}
