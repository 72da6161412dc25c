import { aligned, figure } from "./columns.ts";
import { type Measured, readMeasured } from "./figures.ts";

/**
 * What was measured, as tables of plain text: the time of a step by the size of its batch, and the
 * parts of a run.
 */
export function measuredTables(): string {
  const { measuredOn, of } = readMeasured();
  return [`Measured ${measuredOn}`, steps(of), runs(of)].join("\n\n");
}

/** Milliseconds of a function with 1,024 MB are as many thousandths of a GB-second. */
function steps(of: Measured): string {
  const lone = (name: string, per = 3) => (of("lone", name) / per) * 1_000;
  const batches = ["invocation/100", "invocation/500"];
  const row = (what: string, alone: number, each: (id: string) => number) => [
    what,
    figure(alone),
    ...batches.map((id) => figure(each(id))),
  ];
  const per1000 = (name: string) => (id: string) => (of(id, name) / of(id, "steps")) * 1_000;
  return aligned([
    ["of 1,000 steps", "run alone", "batch of 100", "batch of 500"],
    row("poller, ms", lone("pollerMs"), per1000("wallMs")),
    row("poller at 1,024 MB, GB-s", lone("pollerMs") / 1_000, (id) => per1000("wallMs")(id) / 1_000),
    row("poller, ms of CPU", lone("pollerCpuMs"), per1000("pollerCpuMs")),
    row("statements", ((of("lone", "requestsPerRun") - 1) / 3) * 1_000, per1000("statements")),
    row("database, ms of CPU", lone("serverCpuMicroseconds") / 1_000, (id) => of(id, "serverCpuMsPer1000Steps")),
    row("WAL, KB", lone("walBytes") / 1_000, (id) => of(id, "walBytesPerStep")),
    ["steps in an invocation of 60 s", "", ...batches.map((id) => figure(of(id, "steps")))],
    ["busy cores of 2 meanwhile", "", ...batches.map((id) => figure(of(id, "meanLoad")))],
  ]);
}

function runs(of: Measured): string {
  const row = (what: string, name: string) => [what, ...["storage/200", "storage/1000"].map((id) => figure(of(id, name)))];
  return aligned([
    ["of a finished three-step run, payloads of", "200 bytes", "1,000 bytes"],
    row("bytes on disk", "storedBytes"),
    row("of these, indexes", "indexBytes"),
    row("of these, steps, their indexes included", "checkpointBytes"),
    row("WAL bytes, enqueued 1,000 at once", "enqueueWalBytes"),
    row("WAL bytes, drained in batches of 500", "drainWalBytes"),
    row("database, µs of CPU, drained", "serverCpuMicroseconds"),
    ["enqueue-run for one run, ms", figure(of("lone", "enqueueMs")), ""],
    ["the schedule with nothing to do, ms", figure(of("lone", "lookMs")), ""],
  ]);
}
