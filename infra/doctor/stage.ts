import type { Finding } from "./checks.ts";
import { checkParameters, type StageSecrets } from "./parameters.ts";
import { checkQuota } from "./quota.ts";

export { accountIn } from "../deploy/account.ts";

/** A stage on AWS to look at. */
export interface StageToCheck extends StageSecrets {
  readonly region: string;
  /** Undefined where AWS takes no credentials of this machine. */
  readonly account: string | undefined;
  /** serverless.yml; undefined where there is none. */
  readonly serviceFile: unknown;
}

/** What a stage needs on AWS; changes nothing. */
export async function checkStage(stage: StageToCheck): Promise<Finding[]> {
  // What cannot be read says nothing of what is in it.
  if (stage.account === undefined) return [NO_CREDENTIALS];
  return [await checkQuota(stage), ...(await checkParameters(stage))];
}

const NO_CREDENTIALS: Finding = {
  about: "no credentials: the account, the parameters and their logins were not looked at",
  advice: "log in until aws sts get-caller-identity answers, and run this again.",
};
