import { parseArgs } from "node:util";
import { SSMClient } from "@aws-sdk/client-ssm";
import type { ApiKey, KeyRole } from "../shared/lambda/api-key.ts";
import { accountIn } from "./deploy/account.ts";
import { lineFor, regionFrom, requireStage } from "./deploy/target.ts";
import { explainArguments } from "./explain-arguments.ts";
import { StoredKeys } from "./keys/stored-keys.ts";
import { serviceName } from "./service.ts";

const USAGE = `Usage: npm run keys -- list --stage <stage> [--region <region>]
       npm run keys -- add <name> --role producer|reader|operator --stage <stage> [--region <region>]
       npm run keys -- remove <name> [<beginning of its digest>] --stage <stage> [--region <region>]`;

/**
 * `npm run keys`: makes, lists and removes the API keys of a stage; the functions follow within a
 * minute.
 */
async function main(args: string[]): Promise<void> {
  const { positionals, values } = readArguments(args);
  const [command, name = "", digest] = positionals;
  const { role, region: given } = values;
  const service = serviceName();
  const stage = requireStage(values.stage, USAGE, service);
  const region = regionFrom(given, process.env);
  // On stderr, since a new key stands alone on stdout.
  console.error(lineFor({ service, stage, region, account: await accountIn(region) }));
  const keys = new StoredKeys(new SSMClient({ region }), `/${service}/${stage}/api-keys`);
  if (command === "list") return print(await keys.list());
  if (name === "") throw new Error(USAGE);
  if (command === "add" && role !== undefined) return tell(name, await keys.add(name, role as KeyRole));
  if (command === "remove") return keys.remove(name, digest);
  throw new Error(USAGE);
}

function readArguments(args: string[]) {
  const options = { stage: { type: "string" }, role: { type: "string" }, region: { type: "string" } } as const;
  return explainArguments(USAGE, () => {
    const read = parseArgs({ args, options, allowPositionals: true });
    const { role } = read.values;
    if (role !== undefined && !["producer", "reader", "operator"].includes(role)) throw new Error(`There is no role ${role}`);
    return read;
  });
}

function print(keys: readonly ApiKey[]): void {
  if (keys.length === 0) console.log("There are no keys: every request is answered with 401.");
  for (const { name, role, digest } of keys) console.log(`${name.padEnd(24)}  ${role.padEnd(8)}  ${digest.toString("hex").slice(0, 12)}`);
}

/** The key alone goes to stdout, so that it can be piped to where it belongs. */
function tell(name: string, key: string): void {
  console.error(`The key of ${name}, valid within a minute. Only its digest is kept, so take it now:`);
  console.log(key);
}

if (import.meta.main) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    console.error((error as Error).message);
    process.exitCode = 1;
  });
}
