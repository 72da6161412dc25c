import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { externalDatabase } from "../../infra/local/start/database.ts";

const malformed = /^DATABASE_URL is not a connection string of the form postgresql:\/\/user:password@host\/database: .*\.\n$/;

/** What a command says of a DATABASE_URL, with more in its environment. */
function told(command: string, url: string, more: NodeJS.ProcessEnv = {}) {
  const script = fileURLToPath(new URL(`../../infra/${command}.ts`, import.meta.url));
  const env = { ...process.env, AWS_REGION: "eu-west-1", DATABASE_URL: url, ...more };
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...(command === "migrate" ? [] : ["--stage", "acc"])], {
    encoding: "utf8",
    env,
  });
  return { status, stdout, stderr };
}

test.each(["migrate", "deploy", "acceptance"])(
  "%s says in a sentence that DATABASE_URL is missing, or is none, before it does anything",
  (command) => {
    const missing = expect.stringMatching(/^Set DATABASE_URL to .*, as its owner: DATABASE_URL=postgresql:\/\/… npm run .*\n$/);
    expect(told(command, "")).toEqual({ status: 1, stdout: "", stderr: missing });
    expect(told(command, "nonsense")).toEqual({ status: 1, stdout: "", stderr: expect.stringMatching(malformed) });
  },
);

test("a URL of another database is refused, and so is one for the functions alone", () => {
  expect(told("migrate", "mysql://x").stderr).toMatch(malformed);
  const { stderr } = told("acceptance", "postgresql://owner@host/db", { FUNCTIONS_DATABASE_URL: "mysql://x" });
  expect(stderr).toMatch(/^FUNCTIONS_DATABASE_URL is not a connection string /);
});

test.each(["nonsense", "mysql://x"])("npm start says the same of %s", async (url) => {
  await expect(externalDatabase(url, "pg")).rejects.toThrow(/^DATABASE_URL is not a connection string /);
});
