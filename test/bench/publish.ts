// `npm run bench:publish`: takes the last results of both suites from test/reports into
// docs/benchmarks, fills the tables of docs/benchmarks.md and draws the charts.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Results } from "./suite.ts";
import { charts } from "./charts.ts";
import { blocks } from "./tables.ts";

const folder = "docs/benchmarks";
const page = "docs/benchmarks.md";

function read(suite: string): Results {
  const text = readFileSync(`test/reports/bench-${suite}.json`, "utf8");
  writeFileSync(join(folder, `${suite}.json`), text);
  return JSON.parse(text) as Results;
}

mkdirSync(folder, { recursive: true });
const published = { baton: read("baton"), peers: read("peers") };
const filled = Object.entries(blocks(published)).reduce(
  (text, [name, block]) =>
    text.replace(new RegExp(`(<!-- ${name} -->\n)[^]*?(\n<!-- /${name} -->)`), (_, before, after) => `${before}\n${block}\n${after}`),
  readFileSync(page, "utf8"),
);
writeFileSync(page, filled);
const list = "test/reports/charts.json";
writeFileSync(list, JSON.stringify(charts(published)));
execFileSync(process.execPath, ["test/bench/charts/draw.ts", list, folder], { stdio: "inherit" });
