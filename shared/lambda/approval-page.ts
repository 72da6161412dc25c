import { createHash } from "node:crypto";
import type { HttpAnswer } from "./http-event.ts";

/** What an approval's page shows. */
export interface ApprovalFacts {
  readonly workflow: string;
  /** Where the node stands that asks. */
  readonly path: string;
  readonly choice: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/** What a form was sent with. */
export interface Entered {
  readonly by: string;
  readonly comment: string;
}

/** The longest name and comment, in characters. */
export const MAX_BY = 200;
export const MAX_COMMENT = 1_000;

const STYLE = `:root{color-scheme:light dark;--back:#fff;--text:#1b1b1f;--mild:#55555f;--edge:#767680;--push:#1a4fbf;--on-push:#fff}
@media (prefers-color-scheme:dark){:root{--back:#16161a;--text:#ececf1;--mild:#b4b4c0;--edge:#8a8a96;--push:#9db8ff;--on-push:#101014}}
body{background:var(--back);color:var(--text);font:1.0625rem/1.5 system-ui,sans-serif;margin:0}
main{margin:0 auto;max-width:32rem;overflow-wrap:anywhere;padding:2rem 1.25rem}
h1{font-size:1.5rem;line-height:1.25}
.mild{color:var(--mild)}
label{display:block;margin:1rem 0 .25rem}
input,textarea{background:var(--back);border:1px solid var(--edge);border-radius:.375rem;box-sizing:border-box;color:var(--text);font:inherit;padding:.5rem;width:100%}
button{background:var(--push);border:0;border-radius:.375rem;color:var(--on-push);cursor:pointer;font:inherit;font-weight:600;margin-top:1.5rem;min-height:3rem;padding:.5rem 1.5rem;width:100%}
:focus-visible{outline:3px solid var(--push);outline-offset:2px}`;

/** Nothing runs or is loaded, nobody may frame it, and the form goes back to where it is from. */
const CSP = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ");

/** Asks for the one choice of a link. wrong: why what was entered was not taken. */
export function askPage(facts: ApprovalFacts, entered: Entered = { by: "", comment: "" }, wrong?: string): HttpAnswer {
  const { workflow, path, choice, expires } = facts;
  return page(
    wrong === undefined ? 200 : 422,
    `Choose “${choice}”?`,
    `<p>The workflow <strong>${escape(workflow)}</strong> asks this at <strong>${escape(path)}</strong>.</p>
${expires < NEVER ? `<p class="mild">This link is good until ${timeOf(expires)}.</p>\n` : ""}${
      wrong === undefined ? "" : `<p role="alert">${escape(wrong)}</p>\n`
    }<form method="post">
<label for="by">Your name (optional)</label>
<input id="by" name="by" maxlength="${MAX_BY}" autocomplete="name" value="${escape(entered.by)}">
<label for="comment">Comment (optional)</label>
<textarea id="comment" name="comment" rows="4" maxlength="${MAX_COMMENT}">
${escape(entered.comment)}</textarea>
<button>${escape(choice)}</button>
</form>`,
  );
}

/** Says that the choice was stored. */
export function chosenPage(choice: string): HttpAnswer {
  return page(200, `You have chosen “${choice}”.`, "<p>Thank you. You may close this page.</p>");
}

/** Says why nothing can be chosen. */
export function sentencePage(status: number, sentence: string, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return page(status, sentence, "", headers);
}

/** As anybody anywhere reads it the same: 2026-11-28 10:31 UTC. */
function timeOf(milliseconds: number): string {
  const iso = new Date(milliseconds).toISOString();
  return `<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC</time>`;
}

/** From here on a time is none: the year 9999. */
const NEVER = 253_370_764_800_000;

function page(statusCode: number, heading: string, content: string, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  const title = escape(heading);
  return {
    statusCode,
    headers: {
      ...headers,
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": CSP,
      "referrer-policy": "no-referrer",
      "x-robots-tag": "noindex, nofollow",
    },
    body: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`,
  };
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => `&#${sign.codePointAt(0)};`);
}
