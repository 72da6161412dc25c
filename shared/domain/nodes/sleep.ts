import { toSleepMilliseconds, type Duration } from "../duration.ts";
import type { Look, Node, Scene, SleepOutput, State } from "../node.ts";
import type { Grown, Identity, NewName } from "../workflow-types.ts";
import { lookAtWait } from "./wait.ts";

/** How a chain gets a sleep. */
export interface SleepMethods<Of extends Identity, State> {
  /**
   * Parks the run for a time, fixed or computed from the state, and stores when it ends. Exact to
   * one poll.
   */
  sleep<const NodeName extends string>(
    name: NewName<State, NodeName>,
    duration: Duration | ((state: Readonly<State>) => Duration),
  ): Grown<Of, State, NodeName, SleepOutput>;
}

export type AnyDuration = Duration | ((state: State) => Duration);

/**
 * A node that waits. Its row, at its own path, is stored when it begins and says when it ends. When
 * that is, is for the database to say, whose clock may have been set back since.
 */
export function sleepNode(name: string, duration: AnyDuration): Node {
  const durationOf = typeof duration === "function" ? (state: State) => toSleepMilliseconds(duration(state)) : fixed(duration);
  return { kind: "sleep", name, shape: `sleep:${name}`, timeoutsMs: [], look: (path, scene) => lookAtSleep(path, scene, durationOf) };
}

function fixed(duration: Duration): () => number {
  const durationMs = toSleepMilliseconds(duration);
  return () => durationMs;
}

function lookAtSleep(path: string, scene: Scene, durationOf: (state: State) => number): Look {
  const begun = scene.row(path);
  if (begun === undefined) return { over: false, moves: [begin(path, scene, durationOf)] };
  return lookAtWait(path, scene) ?? { over: true, output: begun };
}

function begin(path: string, scene: Scene, durationOf: (state: State) => number) {
  try {
    return { do: "sleep", path, durationMs: durationOf(scene.state()) } as const;
  } catch (thrown) {
    return { do: "fail", path, thrown } as const;
  }
}
