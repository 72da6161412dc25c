/** What a workflow is to do, told from its spec alone. */
import {
  armAt,
  asks,
  choiceAt,
  doomAt,
  flakyAt,
  itemsOf,
  memosAt,
  outputAt,
  passesAt,
  runsAt,
  stumblesAt,
  toleratedOf,
} from "./behaviour.ts";
import { Decided, Folded, nothingCollected, Place, Race, Result, Started, Sum, Time } from "./expectation.ts";
import { askedAt, type ChildModel, type Model, type Row, type UndoModel } from "./model-shape.ts";
import { indexText, keyOf, keyOfChild, namesOf } from "./spec.ts";
import type {
  AllSpec,
  ApprovalSpec,
  CallbackSpec,
  ChainSpec,
  ChildSpec,
  ChooseSpec,
  HandlerSpec,
  MapSpec,
  NodeSpec,
  RepeatSpec,
  SleepSpec,
  WaitSpec,
  WorkflowSpec,
} from "./spec.ts";

type State = Readonly<Record<string, unknown>>;

/** What a chain or a node comes to. */
interface Came {
  readonly output: unknown;
  readonly ended?: unknown;
  /** Of a chain, the outputs of its own nodes. */
  readonly own?: State;
  /** It fails for good, whatever redrives do. */
  readonly stays: boolean;
  /** It may fail until redrives have healed it. */
  readonly heals: boolean;
}

const well = { stays: false, heals: false };

function withOutput(state: State, name: string, output: unknown): State {
  return { ...state, [name]: output };
}

/** home: what its paths are known by in other runs, before them. */
export function modelOf(spec: WorkflowSpec, input: { readonly run?: string }, home = ""): Model {
  const { chain } = spec;
  const model = new Modelling(input.run ?? "", home);
  const came = model.chain(chain, "", { input });
  const last = chain.nodes.at(-1)!;
  const output = came.ended === undefined ? came.output : came.ended;
  const isRow = last.kind !== "all" && last.kind !== "choose" && last.kind !== "map" && last.kind !== "repeat";
  if (came.ended !== undefined || !isRow) model.put("~output", { output, attempt: 0 });
  const { rows, states, limits, redrives, children, undos } = model;
  return { rows, states, limits, stays: came.stays, heals: came.heals, redrives, output: output ?? null, spec, children, undos };
}

class Modelling {
  readonly rows = new Map<string, Row>();
  readonly states = new Map<string, State>();
  readonly limits = new Map<string, number>();
  readonly children = new Map<string, ChildModel>();
  readonly undos = new Map<string, UndoModel>();
  redrives = 0;
  readonly #paths: string[] = [];
  readonly #key: string;
  readonly #home: string;
  /** Of an item that may fail. */
  #isTolerated = false;

  constructor(key: string, home: string) {
    this.#key = key;
    this.#home = home;
  }

  put(path: string, row: Omit<Row, "optional">): void {
    this.rows.set(path, { ...row, optional: false });
    this.#paths.push(path);
  }

  chain({ nodes, end }: ChainSpec, prefix: string, around: State): Came {
    let own: State = {};
    let output: unknown = null;
    let heals = false;
    for (const node of nodes) {
      const came = this.#node(node, prefix + node.name, { ...around, ...own });
      heals ||= came.heals;
      if (came.stays || came.ended !== undefined) return { ...came, heals };
      ({ output } = came);
      own = withOutput(own, node.name, output);
    }
    if (end === undefined) return { ...well, output, heals, own };
    const came = this.#handler(end, `${prefix}~end`, { ...around, ...own });
    return { ...came, heals: heals || came.heals, ...(came.stays ? {} : { ended: came.output ?? null }) };
  }

  #node(node: NodeSpec, path: string, state: State): Came {
    const stumbles = asks(node) && stumblesAt(path);
    if (stumbles) this.redrives++;
    const came = this.#kind(node, path, state);
    return stumbles ? { ...came, heals: true } : came;
  }

  #kind(node: NodeSpec, path: string, state: State): Came {
    if (node.kind === "sleep") return this.#sleep(node, path, state);
    if (node.kind === "child") return this.#child(node, path, state);
    if (node.kind === "waitFor") return this.#wait(node, path, state);
    if (node.kind === "approval") return this.#approval(node, path, state);
    if (node.kind === "callback") return this.#callback(node, path, state);
    if (node.kind === "all") return this.#all(node, path, state);
    if (node.kind === "choose") return this.#choose(node, path, state);
    if (node.kind === "map") return this.#map(node, path, state);
    return node.kind === "repeat" ? this.#repeat(node, path, state) : this.#handler(node, path, state);
  }

  #handler(node: HandlerSpec, path: string, state: State): Came {
    if (node.undo !== undefined) {
      this.undos.set(path, { ...node.undo, isConditional: node.when !== undefined });
      this.states.set(path, state);
    }
    if (node.when !== undefined) {
      this.states.set(askedAt(path), state);
      if (!runsAt(node, path)) {
        this.put(path, { output: null, attempt: 0 });
        return { ...well, output: null };
      }
      this.put(`${path}/~when`, { output: true, attempt: 0 });
    }
    this.states.set(path, state);
    const doom = doomAt(node, path);
    if (node.kind === "script") this.#memos(node, path);
    if (doom === Infinity) return { output: null, stays: true, heals: false };
    this.redrives += doom;
    const output = node.gives === "place" ? new Place(path) : outputAt(node.gives, path);
    // As generated; and a condition that throws is an attempt too.
    const isUnsure = node.kind === "sql" || node.kind === "script" || (asks(node) && stumblesAt(path));
    const attempt = isUnsure ? undefined : 1 + Math.max(doom, flakyAt(node, path));
    this.put(path, { output, attempt });
    return { output, stays: false, heals: doom > 0 };
  }

  #memos(node: HandlerSpec, path: string): void {
    for (const below of memosAt(node, path)) this.put(`${path}/${below}`, { output: `${path}/${below}`, attempt: 1 });
  }

  #sleep({ computed }: SleepSpec, path: string, state: State): Came {
    if (computed) this.states.set(askedAt(path), state);
    const output = new Time();
    this.put(path, { output, attempt: undefined });
    return { ...well, output };
  }

  /** Of one that is answered before it is reached there is neither key nor deadline. */
  #wait(node: WaitSpec, path: string, { input }: State): Came {
    const { isAnswered, isKeyed, timeoutMs, all } = node;
    const put = (row: string, output: unknown) => this.#mayPut(row, { output, attempt: 0 }, isAnswered);
    put(`${path}/~until/*`, new Time());
    if (isKeyed) put(`${path}/~key`, keyOf((input as { run: string }).run));
    for (const name of isAnswered ? (all ?? []) : []) this.#mayPut(`${path}/${name}`, { output: { told: name }, attempt: 1 });
    const told = Object.fromEntries(namesOf(node).map((name) => [name, { told: name }]));
    const answer = all === undefined ? { told: node.name } : told;
    const output = !isAnswered ? null : timeoutMs === undefined ? answer : new Race(this.#home + path, answer);
    this.put(path, { output, attempt: 1 });
    return { ...well, output };
  }

  #mayPut(path: string, row: Omit<Row, "optional">, optional = true): void {
    this.put(path, row);
    if (optional) this.rows.set(path, { ...row, optional });
  }

  /** A decision may come before its links are known to be out. */
  #approval({ ask, isAnswered, timeoutMs }: ApprovalSpec, path: string, state: State): Came {
    this.states.set(`${path}/~asked/*`, state);
    const doom = doomAt(ask, path);
    this.#mayPut(`${path}/~until/*`, { output: new Time(), attempt: 0 });
    this.#mayPut(`${path}/~asked/*`, { output: null, attempt: undefined });
    if (doom === Infinity) return { output: null, stays: true, heals: false };
    this.redrives += doom;
    const decisions = [...(isAnswered ? [choiceAt(path)] : []), ...(timeoutMs === undefined ? [] : ["expired"])];
    const output = new Decided(path, decisions, this.#home + path);
    this.put(path, { output, attempt: 1 });
    return { output, stays: false, heals: doom > 0 };
  }

  #callback({ handler }: CallbackSpec, path: string, state: State): Came {
    this.states.set(path, state);
    const doom = doomAt(handler, path);
    this.#mayPut(`${path}/~until/*`, { output: new Time(), attempt: 0 });
    this.#mayPut(`${path}/~begun/*`, { output: null, attempt: undefined });
    if (doom === Infinity) return { output: null, stays: true, heals: false };
    this.redrives += doom;
    const output = { told: path };
    this.put(path, { output, attempt: undefined });
    return { output, stays: false, heals: doom > 0 };
  }

  /** Somebody may cancel it, or it may be poison: an item that may fail, may fail by that. */
  #child({ of, detachedMs }: ChildSpec, path: string, state: State): Came {
    this.states.set(askedAt(path), state);
    const key = keyOfChild(this.#key, path);
    const isAwaited = detachedMs === undefined;
    const model = modelOf(of, { run: key }, `${this.#home}${path}>`);
    this.children.set(path, { key, model, isAwaited });
    if (!isAwaited) {
      this.put(path, { output: new Started("runId"), attempt: undefined });
      return { ...well, output: new Started("runId") };
    }
    this.#mayPut(`${path}/~child/*`, { output: new Started("run"), attempt: 0 });
    if (model.stays) return { output: null, stays: true, heals: false };
    this.redrives += model.redrives;
    const { output } = model;
    this.put(path, { output, attempt: undefined });
    return { output, stays: false, heals: model.heals || this.#isTolerated };
  }

  #all({ parts }: AllSpec, path: string, state: State): Came {
    const came = Object.entries(parts).map(([part, chain]) => [part, this.chain(chain, `${path}/${part}/`, state)] as const);
    return {
      output: Object.fromEntries(came.map(([part, { output }]) => [part, output])),
      stays: came.some(([, { stays }]) => stays),
      heals: came.some(([, { heals }]) => heals),
    };
  }

  #choose(node: ChooseSpec, path: string, state: State): Came {
    this.states.set(askedAt(path), state);
    const arm = armAt(node, path);
    this.put(path, { output: { case: arm }, attempt: 0 });
    const came = this.chain(node.parts[arm]!, `${path}/${arm}/`, state);
    return { ...came, output: { case: arm, output: came.output } };
  }

  #map(node: MapSpec, path: string, state: State): Came {
    this.states.set(askedAt(path), state);
    this.limits.set(path, node.concurrency);
    const items = itemsOf(node, path);
    this.put(path, { output: { items }, attempt: 0 });
    const came = items.map((item, index) => this.#item(node, item, index, state));
    const never = came.filter(({ stays }) => stays).length;
    const maybe = came.filter(({ stays, heals }) => heals && !stays).length;
    const tolerated = toleratedOf(node, items.length);
    const results = came.map(({ stays, heals, output }, index) =>
      node.tolerate === undefined ? output : new Result(this.#home + items[index]!.at, stays ? false : heals ? undefined : true, output),
    );
    const output = node.collects ? this.#fold(path, results) : results;
    return { output, stays: never > tolerated, heals: never + maybe > tolerated };
  }

  /** What is stored of one that fails is stored up to where it does. */
  #item(node: MapSpec, item: { readonly at: string }, index: number, state: State): Came {
    const from = this.#paths.length;
    const wasTolerated = this.#isTolerated;
    this.#isTolerated ||= node.tolerate !== undefined;
    const came = this.chain(node.chain, item.at, { ...state, item, index });
    this.#isTolerated = wasTolerated;
    if (node.tolerate !== undefined && (came.stays || came.heals))
      for (const path of this.#paths.slice(from)) this.rows.set(path, { ...this.rows.get(path)!, optional: true });
    return came;
  }

  #fold(path: string, results: readonly unknown[]): unknown {
    let output: unknown = nothingCollected;
    for (let end = 0; end < results.length;) {
      end = Math.min(end + 100, results.length);
      output = new Sum(results.slice(0, end));
      this.put(`${path}/~fold/${indexText(end)}`, { output: new Folded(output as Sum), attempt: 0 });
    }
    return output;
  }

  #repeat(node: RepeatSpec, path: string, state: State): Came {
    const passes = passesAt(node, path);
    this.redrives += Math.ceil(passes / node.max) - 1;
    let heals = passes > node.max;
    let previous: unknown = null;
    for (let index = 0; index < passes; index++) {
      const prefix = `${path}/${indexText(index)}/`;
      const came = this.chain(node.chain, prefix, { ...state, index, previous });
      heals ||= came.heals || stumblesAt(prefix);
      if (came.stays) return { ...came, heals };
      if (stumblesAt(prefix)) this.redrives++;
      previous = came.output;
      this.states.set(askedAt(prefix), { ...state, last: came.own });
      const pause = node.everyMs === undefined ? { output: null, attempt: 0 } : { output: new Time(), attempt: 1 };
      if (index + 1 < passes) this.put(`${prefix}~again`, pause);
      else this.put(`${path}/~over`, { output: index, attempt: 0 });
    }
    return { output: previous, stays: false, heals };
  }
}
