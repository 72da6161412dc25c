import { awakeHours, computeUnits } from "./awake.ts";
import { type Bill, invocations, type Item, lambdaCredit, lambdaItems, perMillion, priced, total } from "./bill.ts";
import { bytesAt, type Figures } from "./figures.ts";
import { allPollersMs, databaseSeconds, enqueueMs, lookMs, nudgesOf, pollerMs, runStatements } from "./lambda-time.ts";
import type { Prices } from "./prices.ts";
import { hoursOfMonth, type Workload } from "./workload.ts";

/** Of `enqueue-run`, in MB: serverless.yml. */
const enqueueMemory = 512;
/**
 * START, END and REPORT of an invocation with what CloudWatch counts beside them, and its lines of
 * access log, request and metrics.
 */
const logBytes = { enqueue: 1_100, poller: 950 };
/** Of docs/operations.md and infra/alarms.yml. */
const metricCount = 10;
const alarmCount = 12;
/** A maintenance a day, of which this many seconds are an assumption. */
const maintenance = { aMonth: 30, seconds: 60, memory: 512 };
/** `logDays` of stage prod in serverless.yml, in months. */
const logMonths = 1;
const GB = 1e9;

/**
 * How the schedule treats the database: every minute, or only when something is due; `shared`:
 * other work keeps it awake.
 */
export type Polling = "gated" | "always" | "shared";

const NAMES: Readonly<Record<Polling, string>> = {
  gated: "Baton, idle gate",
  always: "Baton, polling every minute",
  shared: "Baton in a database that is awake anyway",
};

/** What Baton costs: an HTTP API, Lambda, and a Postgres at Neon. */
export function batonBill(workload: Workload, polling: Polling, figures: Figures, prices: Prices): Bill {
  const lambda = functionsOf(workload, figures);
  const database = databaseOf(workload, polling, figures, prices);
  const ticks = perMillion("schedule, every minute", hoursOfMonth * 60, prices.schedulerInvocations);
  const watching = watchingOf(lambda, prices);
  const items = [
    perMillion("HTTP API requests", workload.runs / workload.burst, prices.httpApiRequests),
    ...lambdaItems("enqueue-run", lambda.enqueue, prices),
    ...lambdaItems("poll-queue", lambda.poller, prices),
    ...lambdaItems("poll-queue, looks", lambda.looks, prices),
    ...lambdaItems("maintain", lambda.maintain, prices),
    ticks,
    perMillion("SSM parameter of the gate", polling === "gated" ? hoursOfMonth * 60 : 0, prices.parameterReads),
    ...watching.items,
    ...database.items,
  ];
  const credits = lambdaCredit(Object.values(lambda), prices) + ticks.dollars + watching.credit + database.credit;
  return { name: NAMES[polling], items, freeTierTotal: total(items) - credits, note: database.note };
}

function functionsOf(workload: Workload, figures: Figures) {
  const requests = workload.runs / workload.burst;
  return {
    enqueue: invocations(requests, enqueueMs(workload, figures, enqueueMemory), enqueueMemory),
    poller: {
      requests: requests * nudgesOf(workload.burst),
      gbSeconds: invocations(1, allPollersMs(workload, figures), workload.memory).gbSeconds,
    },
    // A look that the gate stops reads a parameter instead of asking the database, which takes
    // about as long.
    looks: invocations(hoursOfMonth * 60, lookMs(workload, figures), workload.memory),
    maintain: invocations(maintenance.aMonth, maintenance.seconds * 1_000, maintenance.memory),
  };
}

/** Logs, metrics and alarms in CloudWatch. */
function watchingOf({ enqueue, poller, looks }: ReturnType<typeof functionsOf>, prices: Prices): { items: Item[]; credit: number } {
  const gb = (enqueue.requests * logBytes.enqueue + (poller.requests + looks.requests) * logBytes.poller) / GB;
  const kept = prices.logsIngested + logMonths * prices.logsStored;
  const free = prices.freeMetricsAndAlarms;
  const items = [
    priced("logs", gb, "GB", kept),
    priced("custom metrics", metricCount, "metrics", prices.customMetrics),
    priced("alarms", alarmCount, "alarms", prices.alarms),
  ];
  const watched = Math.min(metricCount, free) * prices.customMetrics + Math.min(alarmCount, free) * prices.alarms;
  return { items, credit: Math.min(gb, prices.logsFreeGb) * kept + watched };
}

/** GB of finished runs that are kept, and of changes that are kept for restoring. */
function storageOf({ runs, steps, stateBytes, burst, retentionDays, historyDays }: Workload, figures: Figures) {
  const at = (growing: Figures["runStoredBytes"]) => bytesAt(growing, stateBytes);
  const stored = runs * (at(figures.runStoredBytes) + steps * at(figures.stepStoredBytes)) * (retentionDays / 30);
  // What a call writes beside its runs is shared by a burst.
  const measured = figures.enqueueWalBytes.at200 + 3 * figures.stepWalBytes.at200;
  const beside = ((figures.loneWalBytes - measured) * runStatements(steps)) / runStatements(3) / burst;
  const changed = runs * (at(figures.enqueueWalBytes) + steps * at(figures.stepWalBytes) + Math.max(0, beside)) * (historyDays / 30);
  return { storedGb: stored / GB, historyGb: changed / GB };
}

function databaseOf(workload: Workload, polling: Polling, figures: Figures, prices: Prices) {
  const hours = polling === "gated" ? awakeHours(workload, pollerMs(workload, figures)) : hoursOfMonth;
  const cu = computeUnits(workload.cu, databaseSeconds(workload, figures), hours);
  const cuHours = polling === "shared" ? 0 : cu * hours;
  const { storedGb, historyGb } = storageOf(workload, figures);
  const free = workload.neon === "free";
  const fits = cuHours <= prices.neonFreeCuHours && storedGb <= prices.neonFreeStorageGb;
  const compute = workload.neon === "scale" ? prices.neonScaleCompute : prices.neonLaunchCompute;
  const items = [
    { what: "Neon compute", usage: `${shown(cu)} CU for ${hours.toFixed(0)} h`, dollars: cuHours * (free ? 0 : compute) },
    priced("Neon storage", storedGb, "GB", free ? 0 : prices.neonStorage),
    priced("Neon history", historyGb, "GB", free ? 0 : prices.neonHistory),
  ];
  return { items, credit: fits && polling !== "shared" ? total(items) : 0, note: noteOf(workload, polling, fits) };
}

const shown = (value: number) => value.toLocaleString("en", { maximumFractionDigits: 2 });

function noteOf({ neon }: Workload, polling: Polling, fits: boolean): string {
  if (polling === "shared") return "its compute is paid for by your other work, and not counted";
  if (neon === "free" && !fits) return "Neon Free does not have so many CU-hours or GB: it would stop";
  return `Neon ${neon[0]!.toUpperCase()}${neon.slice(1)}${fits && neon !== "free" ? "; Neon Free would be enough" : ""}`;
}
