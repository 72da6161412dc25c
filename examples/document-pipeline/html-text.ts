import type { Parsed } from "./parse.ts";
import { parsing } from "./parsing.ts";

/** What nobody reads. Scripts are not run, so what they would write is not there. */
const SILENT = new Set(["script", "style", "template", "noscript", "svg", "math", "iframe", "object", "canvas", "select", "textarea"]);

/** What stands within a line; everything else begins a new one. */
const INLINE = new Set(
  "a abbr b bdi bdo cite code data del dfn em font i ins kbd label mark q ruby s samp small span strong sub sup time tt u var wbr".split(
    " ",
  ),
);
const CELLS = new Set(["td", "th"]);

/** The text of a page and its title: that of `title`, or its first heading. */
export async function readHtml(html: string): Promise<Parsed> {
  const { Parser } = await import("htmlparser2");
  const open: string[] = [];
  const texts = { body: "", title: "", h1: "" };
  const gap = (name: string) => (CELLS.has(name) ? " " : INLINE.has(name) ? "" : "\n");
  const parser = new Parser({
    onopentag(name) {
      open.push(name);
      texts.body += gap(name);
    },
    ontext(text) {
      if (open.some((name) => SILENT.has(name))) return;
      const within = open.at(-1) === "title" ? "title" : "body";
      // A break in the source is a space on the page.
      texts[within] += text.replaceAll(/\s+/g, " ");
      if (open.includes("h1")) texts.h1 += text;
    },
    onclosetag(name) {
      open.length = Math.max(open.lastIndexOf(name), 0);
      texts.body += gap(name);
      if (name === "h1" && texts.h1.trim() !== "") texts.title ||= texts.h1;
    },
  });
  parsing("HTML", () => parser.end(html));
  return { title: texts.title, pages: [{ page: null, text: texts.body }] };
}
