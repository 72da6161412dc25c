import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const infra = fileURLToPath(new URL("../../infra/", import.meta.url));
const preload = `${infra}require-node-24.mjs`;

test.each(["build", "dump-schema", "migrate", "cost/publish"])(
  "%s refuses an option that it does not know, with its usage, before it does anything",
  (command) => {
    const env = { ...process.env, DATABASE_URL: "" };
    const { status, stderr } = spawnSync(process.execPath, ["--import", preload, `${infra}${command}.ts`, "--foo"], {
      encoding: "utf8",
      env,
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^[^\n]*\bfoo\b[^]*\bnpm run /);
    expect(stderr).not.toContain("    at ");
  },
);

test("a command goes on to its end when nobody reads what it prints any longer", () => {
  const prints = `let lines = 0;
  const print = () => {
    if (lines++ === 1_000) return console.error("went on");
    console.log("a line");
    setImmediate(print);
  };
  print();`;
  const line = `"${process.execPath}" --import "${preload}" -e '${prints}' | head -1`;
  const { stdout, stderr } = spawnSync("sh", ["-c", line], { encoding: "utf8" });
  expect({ stdout, stderr }).toEqual({ stdout: "a line\n", stderr: "went on\n" });
});
