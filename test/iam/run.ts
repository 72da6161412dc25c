// `npm run test:iam`: the policies of the template and of whoever deploys, by a simulator of IAM.
// Its last line has the sum, "N passed, N failed".
import { type Case, judge } from "./cases.ts";
import { casesOfDeployer } from "./deployer.ts";
import { casesOfFunctions, checkTable } from "./functions.ts";
import { casesOfGitHub, unknownClaims } from "./github.ts";
import { casesOfGrants } from "./grants.ts";
import { unknownCommands } from "./osls-needs.ts";
import { unknownToPeople } from "./people-needs.ts";
import { stageOf } from "./stack.ts";

/** Failures that are printed of each table; the sum counts all. */
const SHOWN = 20;
const sums: { of: string; allowed: number; refused: number; failed: number }[] = [];

async function report(of: string, cases: readonly Case[], others: readonly string[] = []): Promise<void> {
  const { allowed, refused, failures } = await judge(cases);
  const all = [...others, ...failures];
  sums.push({ of, allowed, refused, failed: all.length });
  for (const failure of all.slice(0, SHOWN)) console.error(failure);
}

async function reportStage(service: string, stageName: string): Promise<void> {
  const stage = await stageOf(service, stageName);
  const { name } = stage.stack;
  await report(`functions of ${name}`, await casesOfFunctions(stage), checkTable(stage));
  await report(`schedules, APIs and alarms of ${name}`, casesOfGrants(stage));
  await report(`deployer of ${name}`, await casesOfDeployer(stage), [...unknownCommands(), ...unknownToPeople()]);
}

try {
  for (const stage of ["prod", "dev"]) await reportStage("baton", stage);
  await reportStage("shop", "prod");
  for (const service of ["baton", "shop"])
    await report(`GitHub as the deployer of ${service}`, casesOfGitHub(service), await unknownClaims());
} catch (error) {
  sums.push({ of: "what could not be simulated", allowed: 0, refused: 0, failed: 1 });
  console.error((error as Error).message);
}
console.table(sums);
const total = (key: "allowed" | "refused" | "failed") => sums.reduce((sum, each) => sum + each[key], 0);
console.log(`${total("allowed")} calls were allowed and ${total("refused")} refused, as they should be`);
console.log(`${total("allowed") + total("refused")} passed, ${total("failed")} failed`);
process.exitCode = total("failed") === 0 ? 0 : 1;
