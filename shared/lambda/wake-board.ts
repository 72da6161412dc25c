import type { WakeBoard } from "../engine/poll/idle-gate.ts";

const timeoutMs = 2_000;

/** Where the hint is published, and what wakes the poller when its time has come. */
export interface WakeBoardOptions {
  /** An SSM parameter of type String. */
  readonly parameter: string;
  readonly wake?: WakeSchedule | undefined;
}

/** The one one-time schedule, `group/name`, that invokes the poller as a role. */
export interface WakeSchedule {
  readonly group: string;
  readonly name: string;
  readonly roleArn: string;
  readonly targetArn: string;
}

/**
 * The wake hint in an SSM parameter, which costs nothing, and beside it the hint's time as a
 * one-time schedule.
 */
export function wakeBoard({ parameter, wake }: WakeBoardOptions): WakeBoard {
  let ssm: ReturnType<typeof openSsm> | undefined;
  let scheduler: ReturnType<typeof openScheduler> | undefined;
  return {
    async read() {
      const { client, GetParameterCommand } = await (ssm ??= openSsm());
      try {
        const { Parameter } = await client.send(new GetParameterCommand({ Name: parameter }), callOff());
        return Parameter?.Value ?? null;
      } catch (thrown) {
        if ((thrown as Error).name === "ParameterNotFound") return null;
        throw thrown;
      }
    },
    async write(text) {
      const { client, PutParameterCommand } = await (ssm ??= openSsm());
      await client.send(new PutParameterCommand({ Name: parameter, Value: text, Type: "String", Overwrite: true }), callOff());
    },
    ...(wake && { wakeAt: async (minute: number) => setWake(await (scheduler ??= openScheduler()), wake, minute) }),
  };
}

/** Moves the one schedule, or makes it. */
async function setWake(
  { client, UpdateScheduleCommand, CreateScheduleCommand }: Scheduler,
  wake: WakeSchedule,
  minute: number,
): Promise<void> {
  const schedule = {
    GroupName: wake.group,
    Name: wake.name,
    Description: "The next time that something is due in Baton's queue; moved by the poller.",
    ScheduleExpression: `at(${new Date(minute).toISOString().slice(0, 19)})`,
    ScheduleExpressionTimezone: "UTC",
    FlexibleTimeWindow: { Mode: "OFF" as const },
    Target: { Arn: wake.targetArn, RoleArn: wake.roleArn, RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 } },
  };
  try {
    await client.send(new UpdateScheduleCommand(schedule), callOff());
  } catch (thrown) {
    if ((thrown as Error).name !== "ResourceNotFoundException") throw thrown;
    await client.send(new CreateScheduleCommand(schedule), callOff());
  }
}

const callOff = () => ({ abortSignal: AbortSignal.timeout(timeoutMs) });

/** Loaded with the first call: a function that never looks at the board starts without it. */
async function openSsm() {
  const { GetParameterCommand, PutParameterCommand, SSMClient } = await import("@aws-sdk/client-ssm");
  return { client: new SSMClient({ maxAttempts: 2 }), GetParameterCommand, PutParameterCommand };
}

type Scheduler = Awaited<ReturnType<typeof openScheduler>>;

async function openScheduler() {
  const { CreateScheduleCommand, SchedulerClient, UpdateScheduleCommand } = await import("@aws-sdk/client-scheduler");
  return { client: new SchedulerClient({ maxAttempts: 2 }), CreateScheduleCommand, UpdateScheduleCommand };
}
