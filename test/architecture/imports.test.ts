import { expect, it } from "vitest";
import { importsAgainstTheLayers } from "../../infra/check/imports.ts";
import { readSources } from "../../infra/check/sources.ts";

it("imports run one way, and only shared/db knows a driver", () => {
  expect(importsAgainstTheLayers(readSources())).toEqual([]);
});

it.each([
  ["shared/domain/run.ts", 'import { pollQueue } from "../engine/poll-queue.ts";', "../engine/poll-queue.ts"],
  ["shared/domain/run.ts", 'import { readFileSync } from "node:fs";', "node:fs"],
  ["shared/domain/run.ts", 'import * as z from "zod";', "zod"],
  ["shared/engine/lease.ts", 'import {\n  connect,\n} from "../db/connect.ts";', "../db/connect.ts"],
  ["shared/engine/lease.ts", 'const pg = await import("pg");', "pg"],
  ["shared/db/connect.ts", 'export * from "../engine/lease.ts";', "../engine/lease.ts"],
  ["shared/lambda/app.ts", 'import { neon } from "@neondatabase/serverless";', "@neondatabase/serverless"],
  ["shared/workflows/order.ts", 'import "../lambda/app.ts";', "../lambda/app.ts"],
  ["functions/poll-queue.schedule.ts", 'import { connect } from "../shared/db/connect.ts";', "../shared/db/connect.ts"],
  ["infra/build.ts", 'import { until } from "../test/support/until.ts";', "../test/support/until.ts"],
])("%s may not have the line %j", (path, text, specifier) => {
  expect(importsAgainstTheLayers([{ path, text }])).toEqual([`${path} -> ${specifier}`]);
});

it.each([
  ["shared/domain/node.ts", 'import type * as z from "zod";'],
  ["shared/db/pg-database.ts", 'import pg from "pg";'],
  ["functions/enqueue-run.http.ts", 'import { http } from "../shared/lambda/app.ts";'],
  ["shared/index.ts", 'export { walk } from "./domain/walk.ts";'],
  ["shared/domain/run.ts", '/** `import "pg"` stands in prose. */ const text = "from";'],
])("%s may have the line %j", (path, text) => {
  expect(importsAgainstTheLayers([{ path, text }])).toEqual([]);
});
