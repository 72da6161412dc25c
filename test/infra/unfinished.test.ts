import { expect, test } from "vitest";
import { ApiError } from "../../infra/local/start/api.ts";
import { showUnfinished } from "../../infra/local/start/unfinished.ts";

const refused = new ApiError("GET /runs was answered with 503");

test("the start goes on when the service answers a list of unfinished runs, or a look at one, with 503", async () => {
  const lines: string[] = [];
  const runs = async (status: string) => {
    if (status === "ready") throw refused;
    return status === "waiting"
      ? [
          { id: "seen", workflow: "demo", status },
          { id: "unseen", workflow: "demo", status },
        ]
      : [];
  };
  const followed: string[] = [];
  const followOn = async (id: string) => {
    if (id === "unseen") throw refused;
    followed.push(id);
  };
  await showUnfinished({ runs }, { followOn }, (line) => lines.push(line));
  expect(followed).toEqual(["seen"]);
  expect(lines.join("\n")).toMatch(/^Not shown ready runs: [^]*Found 2 waiting runs[^]*Not shown unseen: /);
});

test("of runs that were left unfinished it says when they go on, by their status", async () => {
  const lines: string[] = [];
  const counts: Record<string, number> = { running: 1, waiting: 100, blocked: 2 };
  const runs = async (status: string) => Array.from({ length: counts[status] ?? 0 }, (_, n) => ({ id: `${n}`, workflow: "demo", status }));
  await showUnfinished({ runs }, { followOn: async () => {} }, (line) => lines.push(line));
  expect(lines.filter((line) => !line.startsWith(" "))).toEqual([
    "Found 1 running run, to be continued within 40 s:",
    "Found 100 or more waiting runs, to be continued when due:",
    "Found 2 blocked runs, to be continued once their workflow is known here:",
  ]);
  expect(lines[1]).toBe("          0  demo");
});

test("a mistake is not taken for an answer of the service", async () => {
  const runs = () => Promise.reject(new TypeError("a bug"));
  await expect(showUnfinished({ runs }, { followOn: async () => {} }, () => {})).rejects.toThrow(TypeError);
});
