import { randomUUID } from "node:crypto";
import { ACCOUNT, REGION } from "./arns.ts";
import type { ScheduleFacts } from "./template.ts";

/** Fires each schedule once now and then at its rate. Returns what stops them. */
export function startSchedules(schedules: readonly ScheduleFacts[], fire: (schedule: ScheduleFacts) => void): () => void {
  const timers = schedules.map((schedule) => {
    fire(schedule);
    return setInterval(() => fire(schedule), schedule.everyMs);
  });
  return () => timers.forEach((timer) => clearInterval(timer));
}

/** What EventBridge Scheduler sends where the schedule has no input of its own. */
export function scheduledEvent(scheduleArn: string): string {
  return JSON.stringify({
    version: "0",
    id: randomUUID(),
    "detail-type": "Scheduled Event",
    source: "aws.scheduler",
    account: ACCOUNT,
    time: new Date().toISOString(),
    region: REGION,
    resources: [scheduleArn],
    detail: "{}",
  });
}
