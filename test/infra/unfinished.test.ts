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
  expect(lines.join("\n")).toMatch(/^Not shown ready runs: [^]*Found 2 unfinished runs[^]*Not shown unseen: /);
});

test("a mistake is not taken for an answer of the service", async () => {
  const runs = () => Promise.reject(new TypeError("a bug"));
  await expect(showUnfinished({ runs }, { followOn: async () => {} }, () => {})).rejects.toThrow(TypeError);
});

test.each([
  [["ready"], "Found 1 unfinished run, to be continued within 40 s:"],
  [["running", "ready", "waiting", "blocked"], "Found 4 unfinished runs, 2 of them to be continued within 40 s:"],
  [["waiting", "blocked"], "Found 2 unfinished runs, none of them due now:"],
])("of runs that are %j only those that are due are said to go on soon", async (statuses, headline) => {
  const lines: string[] = [];
  const runs = async (status: string) => (statuses.includes(status) ? [{ id: status, workflow: "demo", status }] : []);
  await showUnfinished({ runs }, { followOn: async () => {} }, (line) => lines.push(line));
  expect(lines[0]).toBe(headline);
});
