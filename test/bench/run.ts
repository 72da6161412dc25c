// `npm run bench`, `npm run bench:peers` and `npm run bench:cost`: measures a suite, writes every
// raw value to test/reports, and prints tables and ratios.
// Options: --rounds 3 (default), --only <part of an id>, --merge (keeps what is not measured
// again), --out <file>.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { goals, judge } from "./goals.ts";
import { printResults } from "./report.ts";
import { startBenchServer } from "./server.ts";
import { type Results, runSuite } from "./suite.ts";

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    only: { type: "string", default: "" },
    merge: { type: "boolean" },
    out: { type: "string" },
  },
  allowPositionals: true,
});
/** Loaded when chosen: the peers are not installed with the rest. */
const suites = {
  baton: async () => (await import("./suites/baton.ts")).batonSuite,
  peers: async () => (await import("./suites/peers.ts")).peerSuite,
  cost: async () => (await import("./suites/cost.ts")).costSuite,
} as const;
const suite = (positionals[0] ?? "baton") as keyof typeof suites;
const all = await suites[suite]();
const chosen = all.filter(({ id }) => id.includes(values.only));
if (chosen.length === 0) throw new Error(`--only ${values.only} fits none of: ${all.map(({ id }) => id).join(", ")}`);

const server = await startBenchServer();
try {
  const out = resolve(values.out ?? `test/reports/bench-${suite}.json`);
  const measured = await runSuite(server, chosen, Number(values.rounds));
  const before = values.merge === true ? (JSON.parse(readFileSync(out, "utf8")) as Results).measurements : {};
  const results = { ...measured, measurements: { ...before, ...measured.measurements } };
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, `${JSON.stringify(results, null, 1)}\n`);
  printResults(results);
  console.log(judge(goals[suite], results).join("\n"));
  console.log(`\nAll values: ${out}`);
} finally {
  await server.stop();
}
