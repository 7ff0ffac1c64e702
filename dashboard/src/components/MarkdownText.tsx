import ReactMarkdown, { type Components } from "react-markdown";
import rehypeSanitize, { defaultSchema } from "rehype-sanitize";
import remarkGfm from "remark-gfm";
import styles from "./Markdown.module.css";

const ALLOWED = /^(https?:|mailto:)/i;

/** The schema of GitHub without what would load or name anything. */
const SCHEMA = { ...defaultSchema, protocols: { href: ["http", "https", "mailto"], src: [] }, clobberPrefix: "text-" };

function OutLink({ href, children }: { href?: string | undefined; children?: React.ReactNode }) {
  if (!href || !ALLOWED.test(href)) return <span>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noreferrer noopener" title={href}>
      {children}
    </a>
  );
}

const COMPONENTS: Components = {
  a: ({ href, children }) => <OutLink href={href}>{children}</OutLink>,
  img: ({ src, alt }) => (
    <span className={styles["image"]}>
      image <OutLink href={typeof src === "string" ? src : undefined}>{alt || "without a description"}</OutLink>
    </span>
  ),
  table: ({ children }) => (
    <div className={styles["table"]}>
      <table>{children}</table>
    </div>
  ),
  input: ({ checked }) => <input type="checkbox" checked={!!checked} readOnly disabled aria-label={checked ? "done" : "not done"} />,
};

interface Node {
  type: string;
  value?: string;
  children?: Node[];
}

/** HTML in a text is shown as the text that it is, and not left out: people look here for what was really said. */
function htmlAsText() {
  return (tree: Node) => {
    const open = [tree];
    for (let node = open.pop(); node; node = open.pop()) {
      if (node.type === "html") node.type = "text";
      open.push(...(node.children ?? []));
    }
  };
}

/** The part of `Markdown` that is loaded when the first text needs it. */
export function MarkdownText({ text }: { text: string }) {
  return (
    <div className={styles["markdown"]} dir="auto">
      <ReactMarkdown remarkPlugins={[remarkGfm, htmlAsText]} rehypePlugins={[[rehypeSanitize, SCHEMA]]} urlTransform={(url) => url} components={COMPONENTS}>
        {text}
      </ReactMarkdown>
    </div>
  );
}
