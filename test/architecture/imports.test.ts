import { expect, it } from "vitest";
import { importsAgainstTheLayers, importsFromTheExamples } from "../../infra/check/imports.ts";
import { readSources } from "../../infra/check/sources.ts";

/** Else this file would import what it only speaks of. */
const IMPORT = "import";

it("imports run one way, and only shared/db knows a driver", () => {
  expect(importsAgainstTheLayers(readSources())).toEqual([]);
});

it.each([
  ["shared/domain/run.ts", 'import { pollQueue } from "../engine/poll-queue.ts";', "../engine/poll-queue.ts"],
  ["shared/domain/run.ts", 'import { readFileSync } from "node:fs";', "node:fs"],
  ["shared/domain/run.ts", 'import * as z from "zod";', "zod"],
  ["shared/engine/poll/lease.ts", 'import {\n  connect,\n} from "../../db/connect.ts";', "../../db/connect.ts"],
  ["shared/engine/poll/lease.ts", 'const pg = await import("pg");', "pg"],
  ["shared/engine/operate/find-run.ts", 'import "../poll/lease.ts";', "../poll/lease.ts"],
  ["shared/engine/ask.ts", 'import "./poll/lease.ts";', "./poll/lease.ts"],
  ["shared/db/connect.ts", 'export * from "../engine/lease.ts";', "../engine/lease.ts"],
  ["shared/lambda/app.ts", 'import { neon } from "@neondatabase/serverless";', "@neondatabase/serverless"],
  ["shared/workflows/order.ts", 'import "../lambda/app.ts";', "../lambda/app.ts"],
  ["shared/lambda/app.ts", 'import { workflows } from "../workflows/index.ts";', "../workflows/index.ts"],
  ["functions/enqueue-run.http.ts", 'import { appOf } from "../shared/lambda/app.ts";', "../shared/lambda/app.ts"],
  ["shared/lambda/app.ts", 'import { examples } from "../../examples/index.ts";', "../../examples/index.ts"],
  ["examples/order.ts", 'import { app } from "../shared/lambda/app.ts";', "../shared/lambda/app.ts"],
  ["functions/poll-queue.schedule.ts", 'import { connect } from "../shared/db/connect.ts";', "../shared/db/connect.ts"],
  ["infra/build.ts", 'import { until } from "../test/support/until.ts";', "../test/support/until.ts"],
])("%s may not have the line %j", (path, text, specifier) => {
  expect(importsAgainstTheLayers([{ path, text }])).toEqual([`${path} -> ${specifier}`]);
});

it.each([
  ["shared/domain/node.ts", 'import type * as z from "zod";'],
  ["shared/db/pg-database.ts", 'import pg from "pg";'],
  ["functions/enqueue-run.http.ts", 'import { workflows } from "../shared/workflows/index.ts";'],
  ["shared/index.ts", 'export { walk } from "./domain/walk.ts";'],
  ["shared/workflows/index.ts", 'import { examples } from "../../examples/index.ts";'],
  ["examples/order.ts", 'import { defineWorkflow } from "../shared/index.ts";'],
  ["shared/domain/run.ts", '/** `import "pg"` stands in prose. */ const text = "from";'],
])("%s may have the line %j", (path, text) => {
  expect(importsAgainstTheLayers([{ path, text }])).toEqual([]);
});

it.each([
  ["shared/workflows/redact.ts", 'export { redact } from "../../examples/redact.ts";', "../../examples/redact.ts"],
  ["infra/local/start.ts", `const { inputs } = await ${IMPORT}("../../examples/inputs.ts");`, "../../examples/inputs.ts"],
  ["test/db/roles.test.ts", 'import { aVideo } from "../../examples/test/video-builder.ts";', "../../examples/test/video-builder.ts"],
  ["test/support/order.ts", 'import { fulfilOrder } from "baton-examples/fulfil-order.ts";', "baton-examples/fulfil-order.ts"],
])("%s would miss the folder examples for the line %j", (path, text, specifier) => {
  expect(importsFromTheExamples([{ path, text }])).toEqual([`${path} -> ${specifier}`]);
});

it.each([
  ["shared/workflows/index.ts", 'import { examples } from "../../examples/index.ts";'],
  ["examples/test/transcoder.test.ts", 'import { probe } from "../transcode-video/transcoder.ts";'],
  ["test/db/examples.test.ts", 'import { examples } from "./examples/index.ts";'],
])("%s may have the line %j", (path, text) => {
  expect(importsFromTheExamples([{ path, text }])).toEqual([]);
});
