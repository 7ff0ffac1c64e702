import { lazy, Suspense } from "react";

const MarkdownText = lazy(() => import("./MarkdownText").then((module) => ({ default: module.MarkdownText })));

/** Whether a text has marks of Markdown, so that it is worth loading what draws them. */
export function looksLikeMarkdown(text: string): boolean {
  return /(^|\n)(#{1,6} |[-*+] |\d+[.)] |> |```|\|.*\|)|\*\*\S|`[^`\n]+`|\]\(\w|https?:\/\//.test(text);
}

/** A text as Markdown. Nothing in it can run, and nothing is loaded from elsewhere: images are links. */
export function Markdown({ text }: { text: string }) {
  return (
    <Suspense fallback={<p style={{ whiteSpace: "pre-wrap", margin: 0 }}>{text}</p>}>
      <MarkdownText text={text} />
    </Suspense>
  );
}
