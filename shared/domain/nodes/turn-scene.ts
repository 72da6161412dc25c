import type { Json } from "../json.ts";
import type { State } from "../node.ts";
import type { Scene } from "../standing.ts";

/** What the chain of an item or a pass sees: what is around it, and which turn it is. */
export class TurnScene implements Scene {
  private readonly around: Scene;
  private readonly turn: Readonly<Record<string, Json>>;

  constructor(around: Scene, turn: Readonly<Record<string, Json>>) {
    this.around = around;
    this.turn = turn;
  }

  state(): State {
    return { ...this.around.state(), ...this.turn };
  }
}
