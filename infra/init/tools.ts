/** What a service is deployed with, as far as Baton has a snippet for it. */
export type Tool = "serverless" | "sam" | "cdk" | "sst" | "terraform" | "node";

/** The files that tell a tool, in the order in which they are looked for. */
const SIGNS: readonly (readonly [Exclude<Tool, "node">, RegExp])[] = [
  ["sst", /^sst\.config\.(ts|js|mjs)$/],
  ["cdk", /^cdk\.json$/],
  ["serverless", /^serverless\.(ya?ml|ts|js|json)$/],
  ["sam", /^(samconfig\.(toml|ya?ml)|template\.ya?ml)$/],
  ["terraform", /\.tf$/],
];

/**
 * What a service is deployed with, by the names of the files in its folder; without a sign it is a
 * plain Node service.
 *
 * @example
 * detectTool(["package.json", "serverless.yml"]); // "serverless"
 */
export function detectTool(files: readonly string[]): Tool {
  return SIGNS.find(([, sign]) => files.some((file) => sign.test(file)))?.[0] ?? "node";
}

/** Whether its functions run on Lambda. */
export function isOnLambda(tool: Tool): boolean {
  return tool !== "node";
}
