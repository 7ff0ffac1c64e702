import { SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, dataOf } from "@/api/client";
import { Copy } from "@/components/Bits";
import { Loaded, RowsSkeleton } from "@/components/States";
import styles from "./CodeSnippet.module.css";

type Language = "curl" | "python" | "typescript";

/** The call as a program that makes it again through the gateway. */
export function CodeSnippet({ id }: { id: string }) {
  const [language, setLanguage] = useState<Language>("curl");
  const code = useQuery({
    queryKey: ["code", id, language],
    queryFn: async ({ signal }) => dataOf(api.GET("/api/requests/{id}/code", { params: { path: { id }, query: { language } }, signal })),
  });
  return (
    <div>
      <div className={styles["bar"]}>
        <SegmentedControl
          aria-label="Language"
          value={language}
          onChange={(value) => setLanguage(value as Language)}
          data={[
            { value: "curl", label: "curl" },
            { value: "python", label: "Python" },
            { value: "typescript", label: "TypeScript" },
          ]}
        />
      </div>
      <Loaded query={code} skeleton={<RowsSkeleton rows={6} />}>
        {(answer) => (
          <>
            <pre className={styles["text"]}>{answer.code}</pre>
            <div className={styles["bar"]}>
              <Copy text={answer.code} label="Copy the program" />
            </div>
          </>
        )}
      </Loaded>
    </div>
  );
}
