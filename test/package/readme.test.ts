// The first way in of the README, typed as it stands, in an empty folder.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ROOT } from "../../infra/root.ts";
import { endWithUs } from "../support/processes.ts";
import { until } from "../support/until.ts";
import { packedFile, Project } from "./project.ts";

const readme = readFileSync(join(ROOT, "README.md"), "utf8");
const section = readme.split("\n## Add it to a service\n")[1]!.split("\n## ")[0]!;
const [first = "", second = ""] = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!);

test("the commands of the README end with a run that is done", async () => {
  const outer = new Project({});
  const folder = join(outer.folder, "my-service");
  // The packed file is there already; the rest is as it stands.
  const [packing, ...lines] = first.trim().split("\n");
  expect(packing).toMatch(/npm pack \.\/baton$/);
  expect(lines.at(-1)).toBe("npx pgbaton dev");
  const script = lines.join("\n").replaceAll(/\.\.\/pgbaton-[\d.]+\.tgz/g, packedFile());
  // What npm tells its scripts would lead its own commands back to this project.
  const own =
    /^(npm_(package|lifecycle|config_local_prefix|config_prefix|command|execpath|node_execpath)|INIT_CWD|DATABASE_URL|VITEST|NODE_ENV)/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
  const dev = spawn("bash", ["-euc", script.replace(/npx pgbaton dev$/, "exec npx pgbaton dev --port 0")], {
    cwd: outer.folder,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  endWithUs(dev, "group");
  afterAll(async () => {
    if (dev.exitCode !== null) return;
    process.kill(-dev.pid!, "SIGINT");
    await once(dev, "exit");
  });
  let said = "";
  for (const stream of [dev.stdout, dev.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  await until("dev runs", () => said.includes("Ctrl-C") || dev.exitCode !== null).catch((error: Error) =>
    Promise.reject(new Error(`${error.message}\n${said}`)),
  );
  expect(said).toContain("Baton runs the workflows greet");

  const trigger = spawn("bash", ["-euc", second], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let answered = "";
  for (const stream of [trigger.stdout, trigger.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (answered += text));
  expect([await once(trigger, "exit"), answered]).toEqual([[0, null], expect.stringMatching(/ {2}done$/m)]);
});
