import { isValidElement, type ReactElement, type ReactNode } from "react";
import Markdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { CodeBlock } from "../../design/code-block.tsx";

/** Code blocks get their language and a copy button; images of foreign hosts become links: a page asks nobody but Weir. */
const components: Components = {
  pre: ({ children }) => {
    const code = isValidElement(children)
      ? (children as ReactElement<{ className?: string; children?: ReactNode }>).props
      : undefined;
    const language = /language-(\S+)/.exec(code?.className ?? "")?.[1];
    const text = String(code?.children ?? "").replace(/\n$/, "");
    return (
      <CodeBlock code={text} className="my-2" {...(language === undefined ? {} : { title: language, language })} />
    );
  },
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {children}
    </a>
  ),
  img: ({ src, alt }) =>
    typeof src === "string" && src.startsWith("data:image/") ? (
      <img src={src} alt={alt ?? ""} className="my-2 max-h-80 rounded" />
    ) : (
      <a href={typeof src === "string" ? src : undefined} target="_blank" rel="noreferrer noopener">
        {alt || "image"}
      </a>
    ),
};

const plugins = [remarkGfm];

export function RenderedMarkdown({ text }: { text: string }) {
  return (
    <div className="prose">
      <Markdown remarkPlugins={plugins} components={components} urlTransform={keepSafeUrl}>
        {text}
      </Markdown>
    </div>
  );
}

/** Links to the web and by mail, and pictures that are in the text itself. */
function keepSafeUrl(url: string): string {
  return /^(https?:|mailto:|#|data:image\/(png|jpeg|gif|webp);base64,)/i.test(url) ? url : "";
}
