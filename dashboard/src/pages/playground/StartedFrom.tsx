import { Link } from "@tanstack/react-router";
import type { Start } from "./Playground";

/** What the playground began with, and the way to it. */
export function StartedFrom({ start }: { start: Start }) {
  if (start.kind === "blank") return null;
  if (start.kind === "call") {
    return (
      <>
        from the call{" "}
        <Link to={"/requests/$id" as string} params={{ id: start.id } as never} className="mono">
          {start.id.slice(0, 13)}…
        </Link>
      </>
    );
  }
  return (
    <>
      from the prompt{" "}
      <Link to={"/prompts/$id" as string} params={{ id: start.id } as never}>
        {start.id}
      </Link>{" "}
      {start.version ? `v${start.version}` : ""}
    </>
  );
}
