import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, dataOf } from "@/api/client";
import { Segments } from "@/components/Segments";
import { Snippet } from "@/components/Snippet";
import { Loaded, RowsSkeleton } from "@/components/States";
import styles from "./CodeSnippet.module.css";
import { LANGUAGES, type Language } from "./languages";

/** The call as a program that makes it again through the gateway. */
export function CodeSnippet({ id }: { id: string }) {
  const [language, setLanguage] = useState<Language>("curl");
  const code = useQuery({
    queryKey: ["code", id, language],
    queryFn: async ({ signal }) => dataOf(api.GET("/api/requests/{id}/code", { params: { path: { id }, query: { language } }, signal })),
  });
  return (
    <div className={styles["code"]}>
      <Segments label="Language" value={language} onChange={setLanguage} options={LANGUAGES} />
      <Loaded query={code} skeleton={<RowsSkeleton rows={6} />}>
        {(answer) => <Snippet text={answer.code} what={`The call as ${LANGUAGES[language]}`} copyLabel="Copy the program" />}
      </Loaded>
    </div>
  );
}
