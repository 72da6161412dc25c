import { expect, test } from "vitest";
import { ArchiveError } from "../../shared/domain/archive.ts";

test("an archive that refused a batch is named with its reason, whatever it threw", () => {
  const cause = new TypeError("no room");
  expect(new ArchiveError("2026-11-23/a-b.jsonl", 2, cause)).toMatchObject({
    message: expect.stringMatching(
      /^The archive did not take 2 runs as 2026-11-23\/a-b\.jsonl, so they were kept\. .* TypeError: no room$/,
    ),
    batch: "2026-11-23/a-b.jsonl",
    cause,
  });
  expect(new ArchiveError("a", 1, "away").message).toMatch(/ away$/);
});
