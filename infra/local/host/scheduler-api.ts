import { AwsRefusal, type AwsCall } from "./aws-api.ts";

/** A schedule that fires once; at in milliseconds since 1970. */
export interface OneTimeSchedule {
  readonly at: number;
  readonly targetArn: string;
}

/**
 * Answers what the poller asks of EventBridge Scheduler: schedules that fire once are made, moved,
 * and fired at their minute.
 */
export class SchedulerApi {
  readonly schedules = new Map<string, OneTimeSchedule>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #fire: (targetArn: string) => void;

  constructor(fire: (targetArn: string) => void) {
    this.#fire = fire;
  }

  readonly answer = ({ method, path, body }: AwsCall): unknown => {
    const [, name = ""] = /^\/schedules\/([^/?]+)$/.exec(path) ?? [];
    const key = `${textOf(body["GroupName"], "default")}/${decodeURIComponent(name)}`;
    if (method === "PUT" && !this.schedules.has(key)) throw new AwsRefusal("ResourceNotFoundException", 404);
    if (method === "POST" && this.schedules.has(key)) throw new AwsRefusal("ConflictException", 409);
    if (method !== "PUT" && method !== "POST") throw new AwsRefusal("ValidationException");
    this.#set(key, body);
    return { ScheduleArn: `arn:aws:scheduler:local:000000000000:schedule/${key}` };
  };

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #set(key: string, body: AwsCall["body"]): void {
    const [, time] = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/.exec(String(body["ScheduleExpression"])) ?? [];
    if (time === undefined) throw new AwsRefusal("ValidationException");
    const schedule = { at: Date.parse(`${time}Z`), targetArn: String((body["Target"] as { Arn?: unknown } | undefined)?.Arn) };
    this.schedules.set(key, schedule);
    clearTimeout(this.#timers.get(key));
    // A timer of Node's holds 24 days at most; the hourly heartbeat moves the schedule long before.
    const inMs = Math.min(Math.max(schedule.at - Date.now(), 0), 2 ** 31 - 1);
    this.#timers.set(key, setTimeout(() => this.#fire(schedule.targetArn), inMs).unref());
  }
}

function textOf(value: unknown, byDefault: string): string {
  return typeof value === "string" ? value : byDefault;
}
