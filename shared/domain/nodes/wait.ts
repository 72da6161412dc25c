import type { Look, Scene } from "../node.ts";

/** How a path stands that has to wait for its time; undefined: it need not, or no longer. */
export function lookAtWait(path: string, scene: Scene): Look | undefined {
  const until = scene.notBefore(path);
  return until !== undefined && until > scene.now ? { over: false, moves: [], until } : undefined;
}
