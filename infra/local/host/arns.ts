/** Where the local host is, in AWS's words: what a template's pseudo parameters stand for. */
export const PARTITION = "aws";
/** No region of AWS's, but of the form that its patterns ask of one. */
export const REGION = "eu-local-1";
export const ACCOUNT = "000000000000";
export const API_ID = "local";

export function arnOf(service: string, resource: string): string {
  return `arn:${PARTITION}:${service}:${REGION}:${ACCOUNT}:${resource}`;
}

export const functionArn = (name: string): string => arnOf("lambda", `function:${name}`);
export const parameterArn = (name: string): string => arnOf("ssm", `parameter${name.startsWith("/") ? "" : "/"}${name}`);
export const scheduleArn = (group: string, name: string): string => arnOf("scheduler", `schedule/${group}/${name}`);
export const scheduleGroupArn = (group: string): string => arnOf("scheduler", `schedule-group/${group}`);
export const roleArn = (name: string): string => `arn:${PARTITION}:iam::${ACCOUNT}:role/${name}`;

/** Who somebody is that has taken a role. */
export const sessionArn = (role: string, session: string): string => `arn:${PARTITION}:sts::${ACCOUNT}:assumed-role/${role}/${session}`;

/** A route such as `POST /runs/{id}/cancel`, as the gateway names it when it invokes a function. */
export const routeArn = (key: string): string => arnOf("execute-api", `${API_ID}/$default/${key.replace(" ", "")}`);
