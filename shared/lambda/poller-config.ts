import * as z from "zod";
import { commonSettings, ConfigurationError, readEnvironment, serviceName } from "./config.ts";
import { namePattern, nameRule } from "../domain/name.ts";
import { DEFAULT_QUEUE } from "../domain/queue.ts";
import { nameOfQueue, queueSettings } from "./queues.ts";
import { readTicketSettings, ticketSettings, type TicketSettings } from "./ticket-settings.ts";

const whole = (least: number, most: number, byDefault: number) =>
  z
    .string()
    .regex(/^\d{1,5}$/, "it takes a whole number")
    .transform(Number)
    .refine((value) => value >= least && value <= most, `it takes a whole number from ${least} to ${most}`)
    .default(byDefault);

const Environment = z.object({
  ...commonSettings,
  ...ticketSettings,
  ...queueSettings,
  BATON_QUEUE: z.string().regex(namePattern, nameRule).default(DEFAULT_QUEUE),
  BATON_PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: "give it the URL that the HTTP API is reached at, such as https://approvals.example.com" })
    .optional(),
  BATON_BATCH: whole(1, 1_000, 100),
  BATON_CONCURRENCY: whole(1, 1_000, 50),
  BATON_LINGER_SECONDS: whole(0, 60, 15),
  BATON_POLLER_TIMEOUT_SECONDS: whole(20, 900, 300),
  BATON_WAKE_SCHEDULE: z
    .string()
    .regex(/^[\w.-]+\/[\w.-]+$/, "give it the group and the name of a schedule, as group/name")
    .optional(),
  BATON_WAKE_ROLE_ARN: z.string().startsWith("arn:", "give it the ARN of the role that the schedule invokes the poller as").optional(),
});

/** How the poller is set up. */
export interface PollerConfig {
  readonly service: string;
  readonly stage: string;
  /** The most runs of a lease. */
  readonly batch: number;
  /** The most handlers that run at the same time. */
  readonly concurrency: number;
  /** Whose runs it claims. */
  readonly queue: string;
  /** The functions of pollers, by queue. */
  readonly queues: Readonly<Record<string, string>>;
  /** Of the default queue; undefined: no gate is before the pollers. */
  readonly wakeParameter: string | undefined;
  /** How long it waits for what is about to be due. */
  readonly lingerSeconds: number;
  /** The timeout of its Lambda. */
  readonly timeoutSeconds: number;
  /** The idle gate; undefined when every tick is to poll. */
  readonly gate: GateConfig | undefined;
  /** What signs the links of approvals and the tokens of callbacks. */
  readonly tickets: TicketSettings;
  /** What links begin with, without a slash at its end; undefined: approvals have none to give. */
  readonly publicUrl: string | undefined;
}

/** Where the wake hint is kept, and the one-time schedule beside it, if there is to be one. */
export interface GateConfig {
  readonly parameter: string;
  readonly schedule: { readonly group: string; readonly name: string; readonly roleArn: string } | undefined;
}

/**
 * Reads the poller's settings.
 *
 * @throws ConfigurationError that names the variable that is wrong.
 */
export function pollerConfig(env: NodeJS.ProcessEnv): PollerConfig {
  const settings = readEnvironment(Environment, env);
  return {
    service: serviceName(env),
    stage: settings.BATON_STAGE,
    batch: settings.BATON_BATCH,
    concurrency: settings.BATON_CONCURRENCY,
    queue: settings.BATON_QUEUE,
    queues: settings.BATON_QUEUES,
    wakeParameter: settings.BATON_IDLE_GATE === "on" ? settings.BATON_WAKE_PARAMETER : undefined,
    lingerSeconds: settings.BATON_LINGER_SECONDS,
    timeoutSeconds: settings.BATON_POLLER_TIMEOUT_SECONDS,
    gate: settings.BATON_IDLE_GATE === "on" ? gateOf(settings) : undefined,
    tickets: readTicketSettings(settings),
    publicUrl: settings.BATON_PUBLIC_URL?.replace(/\/+$/, ""),
  };
}

function gateOf(settings: z.output<typeof Environment>): GateConfig {
  const { BATON_WAKE_PARAMETER: named, BATON_WAKE_SCHEDULE: schedule, BATON_WAKE_ROLE_ARN: roleArn, BATON_QUEUE: queue } = settings;
  if (named === undefined) throw new ConfigurationError("BATON_WAKE_PARAMETER: the idle gate needs the name of an SSM parameter");
  const parameter = nameOfQueue(named, queue);
  if (schedule === undefined) return { parameter, schedule: undefined };
  if (roleArn === undefined)
    throw new ConfigurationError("BATON_WAKE_ROLE_ARN: BATON_WAKE_SCHEDULE needs the role that invokes the poller");
  const [group = "", name = ""] = schedule.split("/");
  return { parameter, schedule: { group, name: nameOfQueue(name, queue), roleArn } };
}
