// iam-simulate and iam-policy are under the AGPL: they test here, and nothing outside of test/iam
// may use them.
import { createValidatedPolicy, validateTrustPolicy } from "@cloud-copilot/iam-policy";
import { runSimulation, runUnsafeSimulation, type Simulation } from "@cloud-copilot/iam-simulate";

/** An IAM policy as JSON, of an identity or of a resource. */
export type Policy = Readonly<Record<string, unknown>>;

/** One request to AWS, and the policies that decide it. */
export interface Request {
  readonly action: string;
  /** An ARN, or `*` for an action that takes none. */
  readonly resource: string;
  /** Condition keys, such as iam:PassedToService. */
  readonly context?: Readonly<Record<string, string>>;
  /** Who asks: an ARN, or the name of a service of AWS. */
  readonly principal: string;
  readonly identity?: Policy;
  /** The policy of the resource: of a queue, a topic, a bucket, a function; a role's trust. */
  readonly resourcePolicy?: Policy;
}

export type Answer = "Allowed" | "ImplicitlyDenied" | "ExplicitlyDenied";

export const ACCOUNT = "123456789012";
export const REGION = "eu-central-1";

/** The request is none that AWS knows: the action is misspelt, or takes no such resource. */
export class UnknownRequestError extends Error {
  override readonly name = "UnknownRequestError";
}

/**
 * Requests whose action or condition the simulator's data does not tie to their resource. Their
 * policies are evaluated as all others; only the check of the request itself is left out.
 */
const UNCHECKED: readonly { readonly is: (request: Request) => boolean; readonly why: string }[] = [
  { is: ({ resource }) => resource.startsWith("arn:aws:apigateway:"), why: "its actions for /apis are listed with the REST APIs alone" },
  { is: ({ action }) => action === "sts:AssumeRoleWithWebIdentity", why: "aud and sub, which every provider has, are in no list" },
];

/** Decides as IAM does. Throws UnknownRequestError rather than refuse what could never be asked. */
export async function decide(request: Request): Promise<Answer> {
  const simulation = simulationOf(request);
  if (UNCHECKED.some(({ is }) => is(request))) return decideUnchecked(simulation);
  const result = await runSimulation(simulation, {});
  const { action, resource } = request;
  if (result.resultType === "error") throw new UnknownRequestError(`${action} on ${resource}: ${JSON.stringify(result.errors)}`);
  const ignored = result.resultType === "single" ? (result.result.ignoredContextKeys ?? []) : [];
  if (ignored.length > 0) throw new UnknownRequestError(`${action} on ${resource} has no condition ${ignored.join(", ")}`);
  return result.overallResult as Answer;
}

function decideUnchecked(simulation: Simulation): Answer {
  const { resourcePolicy } = simulation;
  if (resourcePolicy === undefined) return runUnsafeSimulation(simulation, {}) as Answer;
  const validated = createValidatedPolicy(resourcePolicy, validateTrustPolicy, { name: "trust" });
  if (validated.errors.length > 0) throw new UnknownRequestError(`The trust policy is none: ${JSON.stringify(validated.errors)}`);
  return runUnsafeSimulation({ ...simulation, resourcePolicy: validated }, {}) as Answer;
}

function simulationOf({ action, resource, context = {}, principal, identity, resourcePolicy }: Request): Simulation {
  return {
    request: { action, principal, resource: { resource, accountId: ACCOUNT }, contextVariables: context },
    identityPolicies: identity === undefined ? [] : [{ name: "identity", policy: identity }],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    ...(resourcePolicy !== undefined && { resourcePolicy }),
  } as Simulation;
}
