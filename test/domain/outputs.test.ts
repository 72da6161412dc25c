import { describe, expect, it } from "vitest";
import { Outputs } from "../../shared/domain/outputs.ts";

const listOf = (outputs: Outputs) => Array.from({ length: outputs.length + 1 }, (_, n) => outputs.at(n));

describe("the outputs of a run", () => {
  it("do not change when one is appended: that makes others", () => {
    const begun = new Outputs(["charged"]);
    const next = begun.append("shipped");
    expect([listOf(begun), listOf(next)]).toEqual([
      ["charged", undefined],
      ["charged", "shipped", undefined],
    ]);
  });

  it("may go on in two ways, neither of which sees the other's", () => {
    const begun = new Outputs(["charged"]);
    const [one, other] = [begun.append(1), begun.append(2)];
    const third = one.append(3);
    expect([one, other, third].map(listOf)).toEqual([
      ["charged", 1, undefined],
      ["charged", 2, undefined],
      ["charged", 1, 3, undefined],
    ]);
  });
});
