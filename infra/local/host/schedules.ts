import type { Access } from "./access.ts";
import { functionArn, scheduleGroupArn } from "./arns.ts";
import { deliver } from "./delivery.ts";
import type { LambdaPool } from "./lambda-pool.ts";
import { mayAssume } from "./roles.ts";
import { SchedulerApi } from "./scheduler-api.ts";
import { startSchedules } from "./scheduler.ts";
import type { Template } from "./template.ts";

/** Every schedule of the host: the template's and those that functions make. */
export interface Schedules {
  readonly api: SchedulerApi;
  /** What could not be delivered, by the ARN of its queue. */
  readonly deadLetters: ReadonlyMap<string, readonly string[]>;
  /** Starts those of the template. */
  start(): void;
  stop(): void;
}

export function schedulesOf(
  { schedules, functions, roles, scheduleGroups }: Template,
  access: Access,
  poolAt: (arn: string) => LambdaPool | undefined,
): Schedules {
  const deadLetters = new Map<string, string[]>();
  const deadLetter = (queueArn: string, event: string) => void deadLetters.set(queueArn, [...(deadLetters.get(queueArn) ?? []), event]);
  const options = { access, poolAt, deadLetter };
  const roleNamed = (arn: string) => roles.find((role) => role.arn === arn);
  const api = new SchedulerApi({
    groups: scheduleGroups,
    mayAssume: (arn, group) => {
      const role = roleNamed(arn);
      return role !== undefined && mayAssume(role, "scheduler.amazonaws.com", { "aws:SourceArn": scheduleGroupArn(group) });
    },
    fire: ({ roleArn, ...due }, key) => {
      const [group = "", name = ""] = key.split("/");
      void deliver({ ...due, group, name, role: roleNamed(roleArn)! }, options);
    },
  });
  const nameOf = (functionId: string) => functions.find(({ logicalId }) => logicalId === functionId)?.name ?? functionId;
  let stop = (): void => undefined;
  return {
    api,
    deadLetters,
    start: () => {
      stop = startSchedules(schedules, (due) => void deliver({ ...due, targetArn: functionArn(nameOf(due.functionId)) }, options));
    },
    stop: () => {
      stop();
      api.close();
    },
  };
}
