import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readSources } from "../../infra/check/sources.ts";
import { runErrors } from "../../shared/domain/run-errors.ts";

const names = Object.keys(runErrors);
const page = readFileSync(fileURLToPath(new URL("../../docs/errors.md", import.meta.url)), "utf8");
const functions = readSources().filter(({ path }) => path.startsWith("sql/functions/"));

describe("the errors that Baton itself gives a run", () => {
  it("have a section each, where their table says", () => {
    const sections = [...page.matchAll(/^## (\w+)$/gm)].map(([, name = ""]) => name);
    expect(sections).toEqual(names);
    expect(Object.values(runErrors)).toEqual(sections.map((name) => `docs/errors.md#${name.toLowerCase()}`));
  });

  it("are those that the functions of the database write", () => {
    const written = functions.flatMap(({ text }) => [...text.matchAll(/jsonb_build_object\('name', '(\w+)'/g)].map(([, name]) => name));
    expect(written.length).toBeGreaterThan(3);
    expect(written.filter((name) => !names.includes(name ?? ""))).toEqual([]);
  });

  it("say a sentence, with a capital and a stop", () => {
    const said = functions.flatMap(({ text }) => [...text.matchAll(/'message',\s*(?:format\()?'([^']*)'( \|\| sqlerrm \|\| '\.')?/g)]);
    expect(said.length).toBeGreaterThan(3);
    expect(said.filter(([, sentence = "", end]) => !/^[A-Z]/.test(sentence) || !(end ?? sentence).replace(/'$/, "").endsWith("."))).toEqual(
      [],
    );
  });
});
