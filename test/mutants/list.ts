import { answers } from "./answers.ts";
import { claiming } from "./claim.ts";
import { clocks } from "./clock.ts";
import { decisions } from "./decisions.ts";
import { engine } from "./engine.ts";
import { families } from "./families.ts";
import { hooked } from "./hooks.ts";
import { host } from "./host.ts";
import { items } from "./items.ts";
import { leases } from "./leases.ts";
import { lists } from "./lists.ts";
import type { Mutant } from "./mutant.ts";
import { nested } from "./nested.ts";
import { operators } from "./operators.ts";
import { producers } from "./producers.ts";
import { queues } from "./queues.ts";
import { goings } from "./retention.ts";
import { rounds } from "./rounds.ts";
import { signals } from "./signals.ts";
import { tickets } from "./tickets.ts";
import { undos } from "./undo.ts";

export const MUTANTS: readonly Mutant[] = [
  ...claiming,
  ...rounds,
  ...leases,
  ...operators,
  ...lists,
  ...producers,
  ...engine,
  ...clocks,
  ...decisions,
  ...nested,
  ...host,
  ...goings,
  ...signals,
  ...answers,
  ...tickets,
  ...hooked,
  ...undos,
  ...families,
  ...items,
  ...queues,
];
