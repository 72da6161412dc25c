import { parseArgs } from "node:util";
import { SSMClient } from "@aws-sdk/client-ssm";
import type { ApiKey, KeyRole } from "../shared/lambda/api-key.ts";
import { accountIn } from "./deploy/account.ts";
import { lineFor, regionFrom, requireStage } from "./deploy/target.ts";
import { explainArguments } from "./explain-arguments.ts";
import { ParameterStore } from "./cli/parameter-store.ts";
import { StoredTicketKeys } from "./keys/stored-ticket-keys.ts";
import { StoredKeys } from "./keys/stored-keys.ts";
import { serviceName } from "./service.ts";

const USAGE = `Usage: npm run keys -- list --stage <stage> [--region <region>]
       npm run keys -- add <name> --role producer|reader|operator --stage <stage> [--region <region>]
       npm run keys -- remove <name> [<beginning of its digest>] --stage <stage> [--region <region>]
       npm run keys -- tickets [add | remove <id>] --stage <stage> [--region <region>]`;

/**
 * `npm run keys`: makes, lists and removes the API keys of a stage, and its ticket keys; the
 * functions follow within a minute.
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
  if (command === "tickets") return changeTicketKeys(region, `/${service}/${stage}/ticket-keys`, positionals.slice(1));
  const keys = new StoredKeys(new SSMClient({ region }), `/${service}/${stage}/api-keys`);
  if (command === "list") return print(await keys.list());
  if (name === "") throw new Error(USAGE);
  if (command === "add" && role !== undefined) return tell(name, await keys.add(name, role as KeyRole));
  if (command === "remove") return keys.remove(name, digest);
  throw new Error(USAGE);
}

/** Of ticket keys only ids are shown: the secrets stay where they are. */
async function changeTicketKeys(region: string, parameter: string, [command, id]: readonly string[]): Promise<void> {
  const keys = new StoredTicketKeys(new ParameterStore(region), parameter);
  if (command === "add") await keys.add();
  else if (command === "remove" && id !== undefined) await keys.remove(id);
  else if (command !== undefined) throw new Error(USAGE);
  for (const [index, key] of (await keys.list()).entries()) console.log(`${key.id.padEnd(32)}  ${index === 0 ? "signs" : "verifies"}`);
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
