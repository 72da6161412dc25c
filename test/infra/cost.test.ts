import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { costReport } from "../../infra/cost.ts";
import { awakeHours } from "../../infra/cost/awake.ts";
import { batonBill, type Polling } from "../../infra/cost/baton.ts";
import { type Bill, total } from "../../infra/cost/bill.ts";
import { compare, freeTierTotal, listTotal } from "../../infra/cost/compare.ts";
import { bytesAt, readFigures } from "../../infra/cost/figures.ts";
import { PriceFile, readPrices } from "../../infra/cost/prices.ts";
import { costPage, fillPage } from "../../infra/cost/publish.ts";
import { breakEvens } from "../../infra/cost/volumes.ts";
import { defaultWorkload, readWorkload, type Workload, WrongArgumentError } from "../../infra/cost/workload.ts";

const [figures, prices] = [readFigures(), readPrices()];
const workload = (given: Partial<Workload>): Workload => ({ ...defaultWorkload, ...given });
const bills = (given: Partial<Workload>) => Object.values(compare(workload(given), figures, prices)).flat();
const named = (name: string, given: Partial<Workload>) => bills(given).find((bill) => bill.name === name)!;
const baton = (polling: Polling, given: Partial<Workload>) => batonBill(workload(given), polling, figures, prices);
const item = ({ items }: Bill, what: string) => items.find((one) => one.what.startsWith(what))!.dollars;

describe("others", () => {
  test("a million three-step runs are four million transitions of Step Functions Standard, $100, beside their steps", () => {
    const bill = named("Step Functions Standard", {});
    expect(item(bill, "state transitions")).toBe(100);
    // 3 million invocations, 300,000 GB-s.
    expect(total(bill.items)).toBeCloseTo(100 + 0.6 + 4.0, 2);
  });

  test("Express bills each run in whole 100 ms of 64 MB, and says when runs are too long for it", () => {
    const bill = named("Step Functions Express", { stepMs: 100 });
    expect(item(bill, "time")).toBeCloseTo(1e6 * 0.4 * 0.0625 * 0.00001667, 6);
    expect(bill.note).not.toContain("TOO LONG");
    expect(named("Step Functions Express", { stepMs: 200_000 }).note).toContain("TOO LONG");
  });

  test("a million three-step runs are $32 of durable operations, $220 of Temporal's with its support, and $40 of Upstash's steps", () => {
    expect(item(named("Lambda durable functions", {}), "durable operations")).toBe(32);
    const temporal = named("Temporal Cloud", { stateBytes: 0, retentionDays: 0 });
    expect(item(temporal, "Actions") + item(temporal, "Developer plan")).toBeCloseTo(220, 6);
    expect(item(named("Upstash Workflow", {}), "steps")).toBe(40);
  });

  test("Inngest's Pro includes a million executions, and a run of three steps is four", () => {
    expect(item(named("Inngest", { runs: 250_000 }), "executions beyond it")).toBe(0);
    expect(item(named("Inngest", {}), "Pro") + item(named("Inngest", {}), "executions beyond it")).toBe(75 + 150);
  });

  test("Trigger.dev takes the plan whose included usage fits", () => {
    const dollars = (runs: number) => total(named("Trigger.dev, one run", { runs }).items);
    expect(dollars(1_000)).toBeCloseTo(10, 6);
    expect(dollars(1_000_000)).toBeCloseTo(50, 6);
    expect(dollars(10_000_000)).toBeCloseTo(10 * (25 + 0.3 * 16.9), 6);
  });
});

describe("Baton", () => {
  test("without runs costs its looks and its schedule, and a database that wakes once an hour", () => {
    const bill = baton("gated", { runs: 0 });
    const rest = ["maintain", "poll-queue, looks", "schedule", "logs", "custom metrics", "alarms", "Neon compute"];
    for (const { what, dollars } of bill.items) if (!rest.some((name) => what.startsWith(name))) expect([what, dollars]).toEqual([what, 0]);
    expect(item(bill, "Neon compute")).toBeCloseTo((730 * 300 * 0.25 * 0.106) / 3_600, 2);
    expect(total(bill.items)).toBeLessThan(6);
    // Two of twelve alarms; ten are free.
    expect(bill.freeTierTotal).toBeCloseTo(0.2, 9);
  });

  test("polling every minute keeps the database awake for all 730 hours", () => {
    expect(item(baton("always", { runs: 0 }), "Neon compute")).toBeCloseTo(730 * 0.25 * 0.106, 6);
    expect(item(baton("always", { runs: 0, neon: "scale" }), "Neon compute")).toBeCloseTo(730 * 0.25 * 0.222, 6);
    expect(item(baton("shared", {}), "Neon compute")).toBe(0);
  });

  test("twice the runs cost at most twice as much, item by item, however they arrive and are polled for", () => {
    for (const polling of ["gated", "always", "shared"] as const)
      for (const burst of [1, 7, 200, 1_000])
        for (const runs of [0, 100, 10_000, 1e6, 1e8, 1e10]) {
          const once = baton(polling, { runs, burst }).items;
          const twice = baton(polling, { runs: runs * 2, burst }).items;
          for (const [n, { what, dollars }] of once.entries()) {
            expect(twice[n]!.dollars, what).toBeGreaterThanOrEqual(dollars - 1e-9);
            if (runs > 0) expect(twice[n]!.dollars, what).toBeLessThanOrEqual(2 * dollars + 1e-9);
          }
        }
  });

  test("a lone run pays its steps' whole time, and runs that arrive together share it", () => {
    const time = (given: Partial<Workload>) => item(baton("gated", given), "poll-queue: time");
    const steps = 1e6 * 3 * 0.1 * prices.lambdaGbSeconds;
    expect(time({})).toBeGreaterThan(steps);
    expect(time({})).toBeLessThan(1.5 * steps);
    expect(time({ burst: 50 })).toBeLessThan(steps / 10);
  });

  test("more work than five pollers can do alone is done in full batches, and never for less than these need", () => {
    const time = (runs: number) => item(baton("always", { runs }), "poll-queue: time");
    const fivePollers = 5 * 730 * 3_600 * prices.lambdaGbSeconds;
    expect(time(100e6)).toBeCloseTo(fivePollers, 6);
    expect(time(10e9)).toBeGreaterThan(fivePollers);
  });

  test("a database that would be busy for more than half of its time is larger, and billed for it", () => {
    const compute = (runs: number) => item(baton("always", { runs }), "Neon compute");
    expect(compute(1e6)).toBe(compute(0));
    expect(compute(1e9)).toBeGreaterThan(compute(0));
  });

  test("a distant database makes each statement's invocation longer", () => {
    const time = (distanceMs: number) => item(baton("gated", { distanceMs }), "poll-queue: time");
    expect(time(52) - time(2)).toBeCloseTo(1e6 * 6 * 0.05 * prices.lambdaGbSeconds, 4);
  });

  test("on Neon's Free plan the database costs nothing, and a bill that does not fit says so", () => {
    expect(item(baton("gated", { runs: 0, neon: "free" }), "Neon compute")).toBe(0);
    expect(baton("gated", { runs: 0, neon: "free" }).note).toBe("Neon Free");
    expect(baton("always", { runs: 0, neon: "free" }).note).toContain("it would stop");
  });
});

describe("the database is awake", () => {
  const hours = (given: Partial<Workload>, burstMs = 0) => awakeHours(workload(given), burstMs);

  test("two hours of a day for the heartbeat when nothing runs", () => expect(hours({ runs: 0 })).toBeCloseTo((730 * 2) / 24, 6));

  test("about as long as on the simulated day with a run an hour, 137 minutes, and not less", () => {
    const minutesOfDay = (hours({ runs: 730 }) / 730) * 24 * 60;
    expect(minutesOfDay).toBeGreaterThanOrEqual(137);
    expect(minutesOfDay).toBeLessThan(150);
  });

  test("always, when runs come closer than it takes to fall asleep", () => {
    expect(hours({ runs: 10_000 })).toBe(730);
    expect(hours({ runs: 10_000, neon: "scale" })).toBeLessThan(370);
  });

  test("six minutes and its work for each burst that comes alone, and five for each hour without one", () => {
    expect(hours({ runs: 100 }, 60_000)).toBeCloseTo((100 * (360 + 60) + 630 * 300) / 3_600, 6);
    expect(hours({ runs: 5_000, burst: 50 }, 60_000)).toBeCloseTo(hours({ runs: 100 }, 60_000), 6);
  });

  test("in the active hours of each day, and for heartbeats in the others", () => {
    expect(hours({ runs: 1e6, activeHours: 8 })).toBeCloseTo(730 / 3 + (730 * 2) / 3 / 12, 6);
  });
});

describe("free tiers", () => {
  test("are left out of list prices, and never make a bill negative or dearer", () => {
    for (const runs of [0, 10, 10_000, 1e6, 1e8])
      for (const neon of ["launch", "scale", "free"] as const)
        for (const bill of bills({ runs, neon })) {
          expect(freeTierTotal(bill), bill.name).toBeLessThanOrEqual(listTotal(bill) + 1e-9);
          expect(freeTierTotal(bill), bill.name).toBeGreaterThanOrEqual(-1e-9);
        }
  });

  test("Lambda's counts once for all functions of a bill", () => {
    const bill = named("Step Functions Standard", { runs: 1e8 });
    const credit = 0.2 + 400_000 * prices.lambdaGbSeconds + 0.1;
    expect(listTotal(bill) - freeTierTotal(bill)).toBeCloseTo(credit, 6);
  });
});

describe("the inputs", () => {
  test("every price has a value, a unit, a source and the date when it was stated", () => {
    const file: unknown = JSON.parse(readFileSync(new URL("../../infra/cost/prices.json", import.meta.url), "utf8"));
    expect(PriceFile.safeParse(file).error).toBeUndefined();
    const { lambdaRequests, ...others } = file as Record<string, Record<string, unknown>>;
    expect(PriceFile.safeParse(others).success).toBe(false);
    for (const lost of ["value", "unit", "source", "stated", "confidence"]) {
      expect(PriceFile.safeParse({ ...others, lambdaRequests: { ...lambdaRequests, [lost]: undefined } }).success, lost).toBe(false);
    }
  });

  test("every figure was measured, and bytes grow with the payload", () => {
    const { measuredOn, ...values } = figures;
    expect(measuredOn).toMatch(/^\d{4}-\d\d-\d\d$/);
    for (const [name, value] of Object.entries(values)) expect(JSON.stringify([name, value])).not.toMatch(/null|-\d/);
    expect(bytesAt({ at200: 300, at1000: 1_100 }, 200)).toBe(300);
    expect(bytesAt({ at200: 300, at1000: 1_100 }, 2_000)).toBe(2_100);
  });

  test("arguments are read by name, and the rest is as by default", () => {
    expect(readWorkload(["--runs", "5", "--state-bytes=1000", "--neon", "scale", "--cu", "0.5"])).toEqual(
      workload({ runs: 5, stateBytes: 1_000, neon: "scale", cu: 0.5 }),
    );
  });

  test.each([
    [["--rus", "5"], /^Unknown argument --rus: npm run cost takes --runs, --steps, .*--history-days\.$/],
    [["5"], /^Unknown argument 5: /],
    [["--runs"], /^--runs takes a whole number from 0 to /],
    [["--runs", "-5"], /^--runs takes a whole number from 0 to /],
    [["--runs", "1.5"], /^--runs takes a whole number from 0 to /],
    [["--active-hours", "25"], /^--active-hours takes a number from 1 to 24\.$/],
    [["--neon", "pro"], /^--neon takes launch, scale, free\.$/],
  ])("%j is answered with one sentence", (args, sentence) => {
    expect(() => readWorkload(args)).toThrow(WrongArgumentError);
    expect(() => readWorkload(args)).toThrow(sentence);
  });
});

test("Baton becomes cheaper than somebody at the runs that are named, and never than somebody who is cheaper at ten million", () => {
  const turns = breakEvens(defaultWorkload, figures, prices);
  const dearer = (name: string, runs: number) => listTotal(named(name, { runs })) > listTotal(baton("gated", { runs }));
  for (const name of ["Step Functions Standard", "Lambda durable functions"]) {
    expect([0.9, 1.1].map((part) => dearer(name, Math.round(turns.get(name)! * part)))).toEqual([false, true]);
  }
  expect(turns.get("Step Functions Express")).toBe(Infinity);
  expect(turns.size).toBe(8);
});

describe("what is printed", () => {
  test("ranks everybody by list price, and names who is cheaper", () => {
    const lines = costReport([]).split("\n");
    const shown = lines.slice(4, 15).map((line) => Number(/ ([\d,]+\.\d\d) /.exec(line)![1]!.replaceAll(",", "")));
    expect(shown).toEqual(shown.toSorted((a, b) => a - b));
    expect(costReport([])).toMatch(/Cheaper than Baton with its idle gate, at list prices: Step Functions Express/);
  });

  test("stands in docs/cost.md as it is printed; npm run cost:publish puts it there", () => {
    const page = readFileSync(costPage, "utf8");
    expect(page.match(/<!-- cost /g)!.length).toBeGreaterThanOrEqual(2);
    expect(fillPage(page)).toBe(page);
  });

  test("is what the README says of a million and of ten thousand three-step runs", () => {
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    const rounded = (name: string, given: Partial<Workload> = {}) => `$${Math.round(listTotal(named(name, given)))}`;
    const sentence = readme.split("\n").find((line) => line.includes("docs/cost.md") && line.includes("$"))!;
    for (const name of ["Baton, idle gate", "Step Functions Standard", "Lambda durable functions", "Step Functions Express"])
      expect(sentence, name).toContain(rounded(name));
    expect(sentence).toContain(`ten thousand cost ${rounded("Baton, idle gate", { runs: 10_000 })}`);
    expect(sentence).toContain(`or ${rounded("Baton, idle gate", { runs: 10_000, burst: 100 })} when they come in bursts`);
  });
});
