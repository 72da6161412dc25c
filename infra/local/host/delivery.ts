import type { Access } from "./access.ts";
import { scheduleArn } from "./arns.ts";
import type { Outcome } from "./lambda-instance.ts";
import type { LambdaPool } from "./lambda-pool.ts";
import type { RoleFacts } from "./roles.ts";
import { scheduledEvent } from "./scheduler.ts";

/** What EventBridge Scheduler does when a schedule's time has come. */
export interface Due {
  readonly group: string;
  readonly name: string;
  readonly role: RoleFacts;
  readonly targetArn: string;
  readonly input: string | undefined;
  readonly deadLetterArn: string | undefined;
}

export interface DeliveryOptions {
  readonly access: Access;
  readonly poolAt: (arn: string) => LambdaPool | undefined;
  /** Receives what could not be delivered, by the queue's ARN. */
  readonly deadLetter: (queueArn: string, event: string) => void;
}

/**
 * Invokes a schedule's target with the schedule's role; undefined where it was not invoked, or its
 * event was dropped. What could not be delivered goes to the queue for that, with the same role.
 */
export async function deliver(due: Due, { access, poolAt, deadLetter }: DeliveryOptions): Promise<Outcome | undefined> {
  const caller = { name: due.name, role: due.role };
  const event = due.input ?? scheduledEvent(scheduleArn(due.group, due.name));
  const pool = poolAt(due.targetArn);
  if (pool !== undefined && access.permits(caller, { action: "lambda:InvokeFunction", resource: due.targetArn }))
    return pool.invokeAsync(event).catch(() => undefined);
  const { deadLetterArn } = due;
  if (deadLetterArn !== undefined && access.permits(caller, { action: "sqs:SendMessage", resource: deadLetterArn }))
    deadLetter(deadLetterArn, event);
  return undefined;
}
