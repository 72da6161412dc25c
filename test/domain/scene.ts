import { noFamily } from "../../shared/domain/family.ts";
import { noMail } from "../../shared/domain/mail.ts";
import type { State } from "../../shared/domain/node.ts";
import type { Scene } from "../../shared/domain/standing.ts";

/** What a node sees of a run that nobody has sent anything, redriven, or begun to work on. */
export function sceneOf(state: () => State): Scene {
  return { state, mail: () => noMail, family: () => noFamily, redrives: () => 0, isOut: () => false };
}
