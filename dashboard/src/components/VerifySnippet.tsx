import { SegmentedControl } from "@mantine/core";
import { useState } from "react";
import { Snippet } from "./Snippet";
import { VERIFY, type Language } from "./verifyCode";
import styles from "./VerifySnippet.module.css";

/** How a receiver checks that a message is from here. `helicone`: by Helicone's own header. */
export function VerifySnippet({ helicone = false }: { helicone?: boolean }) {
  const [language, setLanguage] = useState<Language>("Python");
  return (
    <div className={styles["verify"]}>
      <header>
        <span>{helicone ? "Check Helicone-Signature before you use a message." : "Check the signature before you use a message."}</span>
        <SegmentedControl aria-label="Language" value={language} onChange={(value) => setLanguage(value as Language)} data={["Python", "TypeScript"]} />
      </header>
      <Snippet text={VERIFY[helicone ? "helicone" : "standard"][language]} what={`How to check the signature in ${language}`} copyLabel="Copy the code" />
    </div>
  );
}
