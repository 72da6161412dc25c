import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const infra = fileURLToPath(new URL("../../infra/", import.meta.url));
const preload = `${infra}require-node-24.mjs`;

test.each(["build", "dump-schema", "migrate", "cost/publish", "package", "deploy", "keys", "cost"])(
  "%s refuses an option that it does not know, with its usage, before it does anything",
  (command) => {
    const env = { ...process.env, DATABASE_URL: "" };
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", preload, `${infra}${command}.ts`, "--foo"], {
      encoding: "utf8",
      env,
    });
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^Unknown (?:option|argument) [^\n]*--foo[^]*npm run /);
    expect(stderr).not.toContain("    at ");
  },
);

test("a command goes on to its end when nobody reads what it prints any longer", () => {
  // Each line is more than a pipe and its reader hold: the second meets a pipe that is closed.
  const prints = `let lines = 0;
  const print = () => {
    console.log("line".repeat(50_000));
    if (++lines < 5) setImmediate(print);
    else console.error("went on");
  };
  print();`;
  const line = `"${process.execPath}" --import "${preload}" -e '${prints}' | head -c 4`;
  expect(spawnSync("sh", ["-c", line], { encoding: "utf8" })).toMatchObject({ stdout: "line", stderr: "went on\n" });
});
