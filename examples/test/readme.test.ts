import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { ROOT } from "../../infra/build.ts";
import { shapeOf } from "../../shared/domain/registry.ts";
import type { AnyWorkflow } from "../../shared/index.ts";
import { projectFolder } from "../../test/support/project-folder.ts";
import { fulfilOrder } from "../fulfil-order.ts";

const folder = projectFolder();

test("the README shows the nodes that the real workflow has, in at most 12 lines", async () => {
  const [, code = ""] = /^```ts\n\/\/ examples\/fulfil-order\.ts\n(.*?)^```$/ms.exec(readFileSync(join(ROOT, "README.md"), "utf8"))!;
  const file = join(folder, "fulfil-order.ts");
  writeFileSync(file, code.replace("../shared/index.ts", join(ROOT, "shared/index.ts")));
  const module = (await import(pathToFileURL(file).href)) as { fulfilOrder: AnyWorkflow };
  expect(shapeOf(module.fulfilOrder)).toBe(shapeOf(fulfilOrder));
  expect(code.trimEnd().split("\n").length).toBeLessThanOrEqual(12);
});
