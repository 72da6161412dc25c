import { randomUUID } from "node:crypto";
import type { ScheduleFacts } from "./template.ts";

/** Fires each schedule once now and then at its rate. Returns what stops them. */
export function startSchedules(schedules: readonly ScheduleFacts[], fire: (schedule: ScheduleFacts, event: string) => void): () => void {
  const timers = schedules.map((schedule) => {
    const fireNow = () => fire(schedule, schedule.input ?? scheduledEvent(schedule));
    fireNow();
    return setInterval(fireNow, schedule.everyMs);
  });
  return () => timers.forEach((timer) => clearInterval(timer));
}

/** What EventBridge Scheduler sends where the schedule has no input of its own. */
function scheduledEvent({ name }: ScheduleFacts): string {
  return JSON.stringify({
    version: "0",
    id: randomUUID(),
    "detail-type": "Scheduled Event",
    source: "aws.scheduler",
    account: "000000000000",
    time: new Date().toISOString(),
    region: "local",
    resources: [`arn:aws:scheduler:local:000000000000:schedule/default/${name}`],
    detail: "{}",
  });
}
