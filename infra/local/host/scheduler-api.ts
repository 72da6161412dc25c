import { scheduleArn } from "./arns.ts";
import { AwsRefusal, invalid } from "./aws-refusal.ts";
import type { AwsCall } from "./aws-api.ts";
import type { Input } from "./operations.ts";
import { readExpression } from "./schedule-expression.ts";

/** A schedule that fires once; at in milliseconds since 1970. */
export interface OneTimeSchedule {
  readonly at: number;
  readonly targetArn: string;
  /** The role that it invokes its target with. */
  readonly roleArn: string;
  /** The event's payload, if it names one. */
  readonly input: string | undefined;
  readonly deadLetterArn: string | undefined;
}

export interface SchedulerOptions {
  /** The names of the groups that there are, besides `default`. */
  readonly groups: readonly string[];
  /** Whether the Scheduler may take a role, by its ARN, for the schedules of a group. */
  readonly mayAssume: (roleArn: string, group: string) => boolean;
  readonly fire: (schedule: OneTimeSchedule, key: string) => void;
}

/**
 * Answers what the poller asks of EventBridge Scheduler: schedules that fire once are made, moved,
 * and fired at their minute.
 */
export class SchedulerApi {
  readonly schedules = new Map<string, OneTimeSchedule>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #options: SchedulerOptions;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  readonly answer = ({ operation, input }: AwsCall): unknown => {
    const { GroupName: group = "default", Name: name } = input as { GroupName?: string; Name: string };
    const key = `${group}/${name}`;
    const schedule = scheduleOf(input);
    if (group !== "default" && !this.#options.groups.includes(group)) throw missing(`Schedule group ${group} does not exist.`);
    if (!this.#options.mayAssume(schedule.roleArn, group))
      throw invalid("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.");
    const exists = this.schedules.has(key);
    if (operation === "scheduler:UpdateSchedule" && !exists) throw missing(`Schedule ${name} does not exist.`);
    if (operation === "scheduler:CreateSchedule" && exists)
      throw new AwsRefusal("ConflictException", { status: 409, message: `Schedule ${name} already exists.` });
    this.#set(key, schedule, input);
    return { ScheduleArn: scheduleArn(group, name) };
  };

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #set(key: string, schedule: OneTimeSchedule, { State, ActionAfterCompletion }: Input): void {
    this.schedules.set(key, schedule);
    clearTimeout(this.#timers.get(key));
    if (State === "DISABLED") return;
    const fire = () => {
      if (ActionAfterCompletion === "DELETE") this.schedules.delete(key);
      this.#options.fire(schedule, key);
    };
    // A timer of Node's holds 24 days at most; the hourly heartbeat moves the schedule long before.
    const inMs = Math.min(Math.max(schedule.at - Date.now(), 0), 2 ** 31 - 1);
    this.#timers.set(key, setTimeout(fire, inMs).unref());
  }
}

/** Throws AwsRefusal; of what AWS takes, the local host fires only what is due once, in UTC. */
function scheduleOf(input: Input): OneTimeSchedule {
  const { ScheduleExpression: text, ScheduleExpressionTimezone: zone = "UTC" } = input as Record<string, string>;
  const expression = readExpression(text!);
  if (expression === undefined) throw invalid(`Invalid Schedule Expression ${text}.`);
  const { Mode, MaximumWindowInMinutes } = input["FlexibleTimeWindow"] as { Mode: string; MaximumWindowInMinutes?: number };
  if ((Mode === "FLEXIBLE") !== (MaximumWindowInMinutes !== undefined))
    throw invalid("FlexibleTimeWindow: MaximumWindowInMinutes is required where Mode is FLEXIBLE, and refused where it is OFF.");
  const { Arn, RoleArn, Input: event, DeadLetterConfig } = input["Target"] as Target;
  if (!/^arn:aws(-[a-z]+)?:[a-z0-9-]+:[a-z0-9-]*:(\d{12})?:.+$/.test(Arn)) throw invalid("Provided Arn is not in correct format.");
  if (expression.kind !== "at" || zone !== "UTC")
    throw invalid("The local host fires schedules of the form at(yyyy-mm-ddThh:mm:ss) in the zone UTC, and no others.");
  return { at: expression.at, targetArn: Arn, roleArn: RoleArn, input: event, deadLetterArn: DeadLetterConfig?.Arn };
}

interface Target {
  readonly Arn: string;
  readonly RoleArn: string;
  readonly Input?: string;
  readonly DeadLetterConfig?: { readonly Arn?: string };
}

function missing(message: string): AwsRefusal {
  return new AwsRefusal("ResourceNotFoundException", { status: 404, message });
}
