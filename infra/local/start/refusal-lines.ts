import type { Refusal } from "../host/access.ts";
import { ACCOUNT, functionArn, REGION } from "../host/arns.ts";
import { placeOf } from "../host/place.ts";
import type { Right } from "../host/role-policy.ts";
import type { Template } from "../host/template.ts";

/**
 * Tells people of each call that a role did not allow, once: what it was, and which statement in
 * which file would allow it.
 */
export function sayRefusals(template: Pick<Template, "functions" | "roles">, say: (line: string) => void): (refusal: Refusal) => void {
  const said = new Set<string>();
  return (refusal) => {
    if (said.has(refusal.message)) return;
    said.add(refusal.message);
    for (const line of refusalLines(refusal, template)) say(line);
  };
}

export function refusalLines({ who, roleId, right, denied }: Refusal, template: Pick<Template, "functions" | "roles">): string[] {
  const { action, resource } = right;
  const refused = `Refused   ${who}: ${action} on ${resource}, as AWS would refuse it.`;
  if (roleId === undefined) return [`${refused} The function has no AWS::Lambda::Permission for ${who} and this route.`];
  const { file, indent } = placeOf(roleId);
  const where = `${roleId} in ${file}`;
  if (denied) return [`${refused} A statement of ${where} denies it.`];
  return [`${refused} To allow it, add to the statements of ${where}:`, `${indent}- ${statementFor(right, template)}`];
}

/** Actions of which a function that asks for one needs the others too. */
const TOGETHER = [["scheduler:CreateSchedule", "scheduler:UpdateSchedule"]];

function actionsWith(action: string): string {
  const together = TOGETHER.find((actions) => actions.includes(action));
  return together === undefined ? action : `[${together.join(", ")}]`;
}

/** As it would stand in the file, so that it is as good in another stage, account or region. */
function statementFor({ action, resource, context = {} }: Right, { functions, roles }: Pick<Template, "functions" | "roles">): string {
  const own = [...functions.map((facts) => ({ ...facts, arn: functionArn(facts.name) })), ...roles].find(({ arn }) => arn === resource);
  const named = own === undefined ? `{ Fn::Sub: "${general(resource, functions)}" }` : `{ Fn::GetAtt: [${own.logicalId}, Arn] }`;
  const conditions = Object.entries(context).map(([key, value]) => `"${key}": ${value}`);
  const condition = conditions.length === 0 ? "" : `, Condition: { StringEquals: { ${conditions.join(", ")} } }`;
  return `{ Effect: Allow, Action: ${actionsWith(action)}, Resource: ${named}${condition} }`;
}

function general(arn: string, functions: Template["functions"]): string {
  const [, , service = "", region = "", account = "", ...rest] = arn.split(":");
  const here = (part: string, own: string, name: string) => (part === own ? `\${AWS::${name}}` : part);
  const { BATON_SERVICE: name = "", BATON_STAGE: stage = "" } = functions[0]?.environment ?? {};
  const path = rest
    .join(":")
    .replaceAll(`/${name}/${stage}/`, "/${self:service}/${sls:stage}/")
    .replaceAll(`${name}-${stage}`, "${self:service}-${sls:stage}");
  return ["arn", "${AWS::Partition}", service, here(region, REGION, "Region"), here(account, ACCOUNT, "AccountId"), path].join(":");
}
