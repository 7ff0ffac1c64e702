import { useEffect } from "react";
import { useDocument } from "@/api/documents";
import { useScope } from "@/state/search";
import styles from "./Menus.module.css";
import { scopeOfView } from "./viewContent";

/** A link to a view by its id, `?saved=ID`: shows what the view holds now. */
export function SavedLink() {
  const [scope, setScope] = useScope();
  const id = typeof scope["saved"] === "string" ? scope["saved"] : "";
  const view = useDocument(id);
  useEffect(() => {
    if (id && view.data?.kind === "view") setScope({ ...scopeOfView(view.data), saved: "" }, true);
  }, [id, view.data, setScope]);
  if (!id || (!view.error && view.data?.kind !== "query" && view.data?.kind !== "board")) return null;
  return (
    <p className={styles["gone"]} role="alert">
      The view of this link is not there: it was deleted, or it is not shared with you.{" "}
      <button type="button" onClick={() => setScope({ saved: "" }, true)}>
        Show all requests
      </button>
    </p>
  );
}
