import { caught, type Mutant } from "./mutant.ts";

const simulated = caught("simulation/nested.test.ts", "what was once wrong, and the first hundred, end as their models say");

/** Chains below nodes, each of which a simulation finds. */
export const nested: readonly Mutant[] = [
  {
    name: "Of outputs that came back together one is stored",
    file: "shared/domain/draft.ts",
    find: "this.rows = this.rows === none ? [row] : [...this.rows, row];",
    replace: "this.rows = this.rows === none ? [row] : this.rows;",
    ...simulated,
  },
  {
    name: "Branches are over when one is",
    file: "shared/domain/nodes/all.ts",
    find: "if (chains.every(({ output }) => output !== undefined))",
    replace: "if (chains.some(({ output }) => output !== undefined))",
    ...simulated,
  },
  {
    name: "An item of which nothing is stored is skipped when one after it has begun",
    file: "shared/domain/nodes/map-items.ts",
    find: "open: [...this.at.open, ...this.beginUpTo(index)]",
    replace: "open: [...this.at.open, this.beginItem(index)]",
    ...simulated,
  },
  {
    name: "What was chosen is forgotten when its run is read",
    file: "shared/domain/run.ts",
    find: "const rows = Object.entries<Json>(outputs ?? none)",
    replace: 'const rows = Object.entries<Json>(outputs ?? none).filter(([, output]) => !Object.hasOwn(Object(output) as object, "case"))',
    ...simulated,
  },
  {
    name: "A sleep below another node is over as soon as it is stored",
    file: "shared/domain/nodes/sleep.ts",
    find: "return row.notBefore === undefined ? new Over(row.output, row.bytes) : new Asleep(path, row, row.notBefore);",
    replace: "return new Over(row.output, row.bytes);",
    ...simulated,
  },
  {
    name: "A branch that fails for good is over",
    file: "shared/domain/nodes/all.ts",
    find: `this.fatal = earliest(chains.map(({ fatal }) => fatal));
    if (chains.every(({ output }) => output !== undefined))`,
    replace: `this.fatal = undefined;
    if (chains.every(({ output, fatal }) => output !== undefined || fatal !== undefined))`,
    ...simulated,
  },
];
