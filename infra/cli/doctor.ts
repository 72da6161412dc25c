import { lineFor } from "../deploy/target.ts";
import { checkDoor, type Finding } from "../doctor/checks.ts";
import { checkDatabase, namesOf } from "../doctor/database.ts";
import { prefixOf } from "../migrate/names.ts";
import { givenUrl, openDatabase, placeOf, print, printJson, schemaOf, tell } from "./context.ts";
import { CommandError, EXIT, exitCodeOf } from "./exit-codes.ts";
import { loadOptional, type StageOptions, stageOf } from "./stage.ts";

/** The flags of `doctor`. */
export interface DoctorFlags extends Partial<StageOptions> {
  readonly json?: boolean;
}

/**
 * `doctor`: looks at a database, and with `--stage` at what that stage needs on AWS, and changes
 * nothing; ends with 5 where something is to be done.
 */
export async function examine(flags: DoctorFlags): Promise<void> {
  const { stage } = flags;
  const { url, findings } = stage === undefined ? await lookAtDatabase(flags) : await lookAtStage({ ...flags, stage });
  if (flags.json) printJson({ database: placeOf(url), findings });
  else for (const { about, advice } of findings) print(advice === undefined ? `ok   ${about}` : `FIX  ${about}\n     ${advice}`);
  const wrong = findings.filter(({ advice }) => advice !== undefined).length;
  if (wrong > 0) throw new CommandError(EXIT.unhealthy, `${wrong} of ${findings.length} are to be mended in ${placeOf(url)}.`);
}

interface Examined {
  readonly url: string;
  readonly findings: readonly Finding[];
}

async function lookAtDatabase(flags: DoctorFlags): Promise<Examined> {
  const [{ url, by }, schema] = [givenUrl(flags), schemaOf(flags)];
  try {
    const service = flags.service ?? "baton";
    return { url, findings: await checkDatabase({ url, schema, service, ofStage: false, open: () => openDatabase(flags) }) };
  } catch (thrown) {
    const { about, advice } = checkDoor(thrown, by);
    const code = exitCodeOf(thrown);
    throw new CommandError(code === EXIT.failure ? EXIT.unreachable : code, `${about}: ${advice}`, { cause: thrown });
  }
}

async function lookAtStage(flags: StageOptions): Promise<Examined> {
  const stage = await stageOf(flags);
  const { ParameterStore, accountIn, checkStage } = await loadAws();
  const account = await accountIn(stage.region);
  tell(lineFor({ ...stage, account }));
  const store = new ParameterStore(stage.region);
  const ofDatabase = await checkDatabase({ ...stage, ofStage: true, open: () => openDatabase(stage) }).catch((thrown: unknown) => [
    checkDoor(thrown, stage.urlBy),
  ]);
  // Where the owner is not let in, the logins of the functions may be.
  const names = await namesOf(stage).catch(() => ({ schema: stage.schema, prefix: prefixOf(stage.service) }));
  return {
    url: stage.url,
    findings: [...ofDatabase, ...(await checkStage({ ...stage, account, names, read: (name) => store.read(name) }))],
  };
}

async function loadAws() {
  const sentence =
    "doctor --stage needs the AWS SDK: npm install --save-dev @aws-sdk/client-lambda @aws-sdk/client-ssm @aws-sdk/client-sts.";
  const [store, stage] = await loadOptional(sentence, () => Promise.all([import("./parameter-store.ts"), import("../doctor/stage.ts")]));
  return { ...store, ...stage };
}
