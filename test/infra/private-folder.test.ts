import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keepPrivate } from "../../infra/local/start/private-folder.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "baton-private-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const modes = (root: string) =>
  Object.fromEntries(
    ["", ...readdirSync(root, { recursive: true, encoding: "utf8" })]
      .sort()
      .map((name) => [name, (statSync(join(root, name)).mode & 0o777).toString(8)]),
  );

test("what an earlier version left readable to others becomes its owner's only, and what is beside it stays", () => {
  const kept = join(folder, "kept");
  const outside = join(folder, "outside");
  mkdirSync(join(kept, "package"), { recursive: true });
  for (const file of [join(kept, "functions.log"), join(kept, "package/code.mjs"), outside]) writeFileSync(file, "");
  for (const path of [kept, join(kept, "package"), join(kept, "functions.log"), join(kept, "package/code.mjs"), outside])
    chmodSync(path, 0o755);
  chmodSync(join(kept, "functions.log"), 0o644);
  symlinkSync(outside, join(kept, "link"));
  keepPrivate(kept);
  expect(modes(kept)).toEqual({ "": "700", "functions.log": "600", link: "755", package: "700", "package/code.mjs": "700" });
});

test("a folder that is not there is made for its owner only", () => {
  keepPrivate(join(folder, "new"));
  expect(modes(join(folder, "new"))).toEqual({ "": "700" });
});

test("a file of the folder's name is told with what to do", () => {
  writeFileSync(join(folder, "taken"), "");
  for (const path of [join(folder, "taken"), join(folder, "taken/below")])
    expect(() => keepPrivate(path)).toThrow(`${path} is not a folder, and Baton keeps what it needs in one of that name. Move it away, `);
});
