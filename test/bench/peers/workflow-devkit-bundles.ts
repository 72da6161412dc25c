import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { once } from "node:events";
import { type AddressInfo } from "node:net";
import { join } from "node:path";
import { installedVersion } from "./installed-version.ts";

const source = join(import.meta.dirname, "workflow-devkit-workflows.ts");
const cli = join(import.meta.dirname, "node_modules/workflow/bin/run.js");
const folder = join(import.meta.dirname, "dist", `workflow-devkit-${installedVersion("workflow")}`);
const bundles = join(folder, ".well-known/workflow/v1");

/**
 * Runs `workflow build` once for a version and a text of the workflows; it compiles every file
 * below its working directory.
 */
export function build(): void {
  const text = readFileSync(source, "utf8");
  const copy = join(folder, "workflows.ts");
  const manifest = join(bundles, "manifest.json");
  if (existsSync(manifest) && readFileSync(copy, "utf8") === text) return;
  mkdirSync(folder, { recursive: true });
  // The bundles are CommonJS, and the package.json of this folder says module.
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "bench", version: "1.0.0", type: "commonjs" }));
  writeFileSync(copy, text);
  execFileSync(process.execPath, [cli, "build"], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
}

/** By which a run of an exported workflow is started. */
export function workflowIdOf(name: string): string {
  const { workflows } = JSON.parse(readFileSync(join(bundles, "manifest.json"), "utf8")) as {
    workflows: Record<string, Record<string, { workflowId: string }>>;
  };
  const found = Object.values(workflows).find((file) => name in file)?.[name];
  if (found === undefined) throw new Error(`no workflow ${name} in ${bundles}: was it built?`);
  return found.workflowId;
}

type Route = (request: Request) => Promise<Response>;

/**
 * Serves the routes at which its queue delivers, as an adapter of a framework does. The world must
 * be set before.
 */
export async function serveRoutes(): Promise<{ url: string; close(): Promise<void> }> {
  const require = createRequire(import.meta.url);
  const routes: Record<string, Route> = Object.fromEntries(
    ["flow", "step"].map((name) => [`/.well-known/workflow/v1/${name}`, (require(join(bundles, `${name}.js`)) as { POST: Route }).POST]),
  );
  const server = createServer(async (request, response) => {
    const route = routes[request.url ?? ""];
    if (route === undefined) return void response.writeHead(404).end();
    const body = Buffer.concat(await request.toArray());
    const headers = new Headers(
      Object.entries(request.headersDistinct).flatMap(([name, values]) => (values ?? []).map((value) => [name, value] as [string, string])),
    );
    const answer = await route(new Request(`http://127.0.0.1${request.url}`, { method: "POST", headers, body }));
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(Buffer.from(await answer.arrayBuffer()));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
