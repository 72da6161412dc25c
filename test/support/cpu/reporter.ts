import type { Reporter, TestModule, Vitest } from "vitest/node";
import type { FileCpu } from "./file-cpu.ts";
import { secondsOf } from "./seconds.ts";
import { type ServerCpu, watchServer } from "./server-cpu.ts";

/** The line of one test file, in seconds of the processor. */
interface Line {
  readonly file: string;
  readonly own: number;
  readonly children: number;
  readonly postgres: number;
}

/** The rest is one line; BATON_CPU_LINES shows more. */
const MOST_LINES = Number(process.env["BATON_CPU_LINES"] ?? 25);

/**
 * Prints where the processor's time went, by test file: its own process, the processes that it
 * started, and its databases' sessions in the shared Postgres.
 *
 * Other than the clock on the wall, it hardly depends on what else the machine does. On systems
 * without /proc it prints nothing.
 */
export default class CpuReporter implements Reporter {
  #root = "";
  #server: ServerCpu | undefined;
  #atStart = 0;

  onInit({ config }: Vitest): void {
    this.#root = config.root;
  }

  // The global setup has started the server by now, and has said which it is.
  onTestModuleQueued(): void {
    const postmaster = Number(process.env["BATON_TEST_POSTMASTER"]);
    if (this.#server !== undefined || !(postmaster > 0)) return;
    this.#server = watchServer(postmaster);
    this.#atStart = this.#server.total();
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines = modules.flatMap((module) => this.#lineOf(module)).sort((one, other) => sum(other) - sum(one));
    if (lines.length === 0) return;
    const main = secondsOf("self")?.own ?? 0;
    const server = this.#server?.total() ?? 0;
    const others = server - lines.reduce((all, { postgres }) => all + postgres, 0);
    const total = main + others + lines.reduce((all, line) => all + sum(line), 0);
    console.log(
      `\nProcessor time: ${total.toFixed(0)} s, of which ${main.toFixed(0)} s in vitest itself and ${others.toFixed(0)} s in Postgres for no file alone (${this.#atStart.toFixed(0)} s before the first test).`,
    );
    console.log("   sum = process + children + Postgres");
    for (const line of lines.slice(0, MOST_LINES))
      console.log(`${[sum(line), line.own, line.children, line.postgres].map(shown).join(" ")}  ${line.file}`);
    const rest = lines.slice(MOST_LINES);
    if (rest.length > 0) console.log(`${shown(rest.reduce((all, line) => all + sum(line), 0))}  in ${rest.length} other files`);
  }

  #lineOf(module: TestModule): Line[] {
    const { cpu }: { readonly cpu?: FileCpu } = module.meta();
    if (cpu === undefined) return [];
    const postgres = cpu.databases.reduce((all, database) => all + (this.#server?.of(database) ?? 0), 0);
    return [{ file: module.moduleId.replace(`${this.#root}/`, ""), own: cpu.seconds, children: cpu.children, postgres }];
  }
}

const sum = ({ own, children, postgres }: Line): number => own + children + postgres;
const shown = (seconds: number): string => seconds.toFixed(1).padStart(6);
