import { execFile } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { walk, type AnyWorkflow } from "../../shared/index.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const compiler = join(root, "node_modules/typescript/bin/tsc");
const pages = globSync(["*.md", "{docs,examples}/**/*.md"], { cwd: root }).sort();
/** The pages go on speaking of what a service may have deleted. */
const isGone = (path: string) => path.startsWith("examples/") && !existsSync(join(root, "examples"));
const decisions = pages.filter((page) => page.startsWith("docs/decisions/"));

/** A TypeScript example of a page; its first line names the file that it would be. */
interface Example {
  readonly page: string;
  readonly path: string;
  readonly code: string;
}

// Before the tests are collected: some of the examples are tests.
const examples = (await Promise.all(pages.map(examplesOf))).flat();
await mkdir(join(root, "test/reports"), { recursive: true });
const folder = await mkdtemp(join(root, "test/reports/docs-"));
const config = { extends: "../../../tsconfig.json", include: ["**/*.ts"], exclude: [] };
await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
for (const example of examples) await place(example);

afterAll(() => rm(folder, { recursive: true, force: true }));

async function examplesOf(page: string): Promise<Example[]> {
  const text = await readFile(join(root, page), "utf8");
  return [...text.matchAll(/^```ts\n(?:\/\/ (\S+\.ts)\n)?(.*?)^```$/gms)].map(([, path, code = ""]) => ({ page, path: path ?? "", code }));
}

/** Where an example stands for the compiler: each page has a folder of its own. */
function placeOf({ page, path }: Example): string {
  return join(folder, page.replaceAll(/[/.]/g, "-"), path);
}

/**
 * Writes an example; what it imports is another example of its page, or else the project's own
 * file.
 */
async function place(example: Example): Promise<void> {
  const file = placeOf(example);
  const code = example.code.replaceAll(/(from |import\()"(\.[^"]+)"/g, (_, before: string, specifier: string) => {
    const meant = join(dirname(example.path), specifier);
    const other = examples.find(({ page, path }) => page === example.page && path === meant);
    return `${before}"${towards(file, other ? placeOf(other) : join(root, meant))}"`;
  });
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, code);
}

function towards(file: string, target: string): string {
  const path = relative(dirname(file), target);
  return path.startsWith(".") ? path : `./${path}`;
}

describe("the examples of the pages", () => {
  it("name the file that they would be", () => {
    expect(examples.length).toBeGreaterThan(5);
    expect(examples.filter(({ path }) => path === "")).toEqual([]);
  });

  it("compile", async () => {
    const command = [compiler, "--noEmit", "--pretty", "false", "-p", folder];
    const compiled = await promisify(execFile)(process.execPath, command, { cwd: root }).catch((error: { stdout: string }) => error);
    expect(compiled.stdout).toBe("");
  });
});

describe("the tests that the pages show", async () => {
  const tests = examples.filter(({ code }) => code.includes('from "vitest"'));
  for (const test of tests) await import(placeOf(test));

  it("are there, and have just been found", () => {
    expect(tests.length).toBeGreaterThan(5);
  });
});

it("the script of the README does what the README says of it", async () => {
  const example = examples.find(({ page, path }) => page === "README.md" && path.endsWith("import-feed.ts"))!;
  const { importFeed } = (await import(placeOf(example))) as { importFeed: AnyWorkflow };
  expect(await walk(importFeed, { feed: ["a", "b"] })).toMatchObject({ output: { stored: 2 } });
});

describe("the pages", () => {
  it.each(pages)("%s links to files and headings that are there", async (page) => {
    const text = await readFile(join(root, page), "utf8");
    const broken: string[] = [];
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      const [path = "", heading] = target.split("#");
      if (/^https?:/.test(target)) continue;
      const file = path === "" ? join(root, page) : resolve(root, dirname(page), path);
      if (isGone(relative(root, file))) continue;
      if (!existsSync(file)) broken.push(target);
      else if (heading !== undefined && !headingsOf(await readFile(file, "utf8")).has(heading)) broken.push(target);
    }
    expect(broken).toEqual([]);
  });

  it("name no npm script that is not there", async () => {
    const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };
    const named = await Promise.all(pages.map(async (page) => (await readFile(join(root, page), "utf8")).matchAll(/\bnpm run ([\w:-]+)/g)));
    const missing = new Set(named.flatMap((matches) => [...matches].map(([, name]) => name!)).filter((name) => !(name in scripts)));
    expect([...missing]).toEqual([]);
  });
});

describe("the decisions", () => {
  it.each(decisions)("%s has context, choice, consequence, and a number or the test that holds it", async (page) => {
    const text = await readFile(join(root, page), "utf8");
    const sections = [...text.matchAll(/^## (\w+)\n\n(.*?)(?=\n## |$(?![^]))/gms)];
    expect(sections.map(([, title]) => title)).toEqual(["Context", "Choice", "Consequence", "Number"]);
    expect(sections.at(-1)![2]).toMatch(/\d|`test\/\S+\.test\.ts`/);
  });

  it("are numbered from 1 without a gap, and each is a line of ARCHITECTURE.md under its title", async () => {
    const lines = await Promise.all(
      decisions.map(async (page, n) => {
        const number = String(n + 1).padStart(4, "0");
        const [, title] = /^# \d{4}\. (.*)$/m.exec(await readFile(join(root, page), "utf8")) ?? [];
        return `- [${number}](docs/decisions/${number}${page.slice("docs/decisions/0000".length)}) ${title}`;
      }),
    );
    const index = (await readFile(join(root, "ARCHITECTURE.md"), "utf8")).split("\n").filter((line) => line.startsWith("- [0"));
    expect(index).toEqual(lines);
  });
});

describe("what the pages name", () => {
  const files = globSync(["*", ".ci/*", "{docs,examples,functions,infra,shared,sql,test}/**"], {
    cwd: root,
    exclude: (path) => path.includes("node_modules") || path.startsWith("test/reports"),
  });
  const isThere = (name: string) =>
    isGone(name) || globSync(name, { cwd: root }).length > 0 || files.some((path) => path.endsWith(`/${name.replace(/\/$/, "")}`));

  it.each(["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/engine.md", ...decisions])(
    "%s names files, functions and keys that are there",
    async (page) => {
      const text = (await readFile(join(root, page), "utf8")).replaceAll(/^```.*?^```$/gms, "");
      // What is retired is named where it is dropped.
      const sources = files.filter((path) => /^(functions|infra|shared|sql|test\/bench)\/(?!retired).*\.(ts|sql|yml)$/.test(path));
      const words = new Set((await Promise.all(sources.map((path) => readFile(join(root, path), "utf8")))).join().match(/\w+/g));
      const names = new Set([...text.matchAll(/`([^`\n]+)`/g)].map(([, name = ""]) => name));
      const missing = [...names].filter((name) => {
        if (/^[\w./{},*-]+$/.test(name) && /[/*]|\.(ts|sql|yml|md|json|m?js)$/.test(name)) return !isThere(name);
        const word = /^(\w+)(\(.*\))?$/.exec(name)?.[1];
        return word !== undefined && !words.has(word);
      });
      // What is not to be.
      expect(missing.filter((name) => name !== "utils")).toEqual([]);
    },
  );
});

describe("a list in the pages is complete:", () => {
  const read = (path: string) => readFile(join(root, path), "utf8");

  it("docs/api.md has every kind of problem with its status", async () => {
    const kinds = [...(await read("shared/lambda/problem.ts")).matchAll(/^ {2}"?([\w-]+)"?: \[(\d{3}), /gm)];
    const page = (await read("docs/api.md")).replaceAll(/ +/g, " ");
    expect(kinds.length).toBeGreaterThan(10);
    expect(kinds.filter(([, kind, status]) => !page.includes(`| ${status} | \`${kind}\` |`)).map(([, kind]) => kind)).toEqual([]);
  });

  it.each([
    "docs/api.md",
    "docs/authoring.md",
    "docs/operations.md",
    "docs/engine.md",
    "ARCHITECTURE.md",
    "shared/engine/operate/describe-run.ts",
  ])("%s says of a lease that ran out what the failure itself says", async (path) => {
    const [, cause] = /'Its lease ran out %s seconds ago: ([^']+)\.'/.exec(await read("sql/functions/crash_members.sql"))!;
    // A comment may go on in its next line.
    expect((await read(path)).replaceAll(/\n[ *]*/g, " ")).toContain(`ran out: ${cause!}`);
  });

  it("docs/configuration.md has every environment variable that is read", async () => {
    const files = globSync(["{functions,shared,infra,examples,test}/**/*.ts", "serverless.yml"], { cwd: root }).filter(
      (path) => !path.endsWith("docs.test.ts"),
    );
    const texts = await Promise.all(files.map(read));
    const variables = new Set(
      texts.flatMap((text) => text.match(/\b(BATON_[A-Z_]+[A-Z]|(TEST_)?DATABASE_URL|POLLER_FUNCTION_NAME)\b/g) ?? []),
    );
    const page = await read("docs/configuration.md");
    expect([...variables].filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});

/** The anchors of a page's headings, as GitHub makes them. */
function headingsOf(text: string): Set<string> {
  const headings = text.replaceAll(/^```.*?^```$/gms, "").matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
}
