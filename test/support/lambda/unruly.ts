// A workflow whose steps let errors escape, each in its own way, for bundles under test.
import { EventEmitter } from "node:events";
import { exit as imported } from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { defineWorkflow } from "../../../shared/index.ts";

// oxlint-disable-next-line typescript/unbound-method -- as workflows may write it
const { exit: kept } = process;

/** Never ends by itself. */
const forever = () => new Promise<never>(() => {});

/** What a step does, by name; all but `behaves` let an error escape. */
export const deeds = {
  behaves: () => pause(20, 1),
  "leaves a rejection and returns": () => {
    void Promise.reject(new RangeError("left behind"));
    return 1;
  },
  "leaves a rejection and waits": () => {
    void pause(1).then(() => Promise.reject(new RangeError("left behind")));
    return forever();
  },
  "throws in a timer": () => {
    setTimeout(() => {
      throw new RangeError("left behind");
    }, 1);
    return forever();
  },
  "emits an error that nobody listens to": () => {
    const emitter = new EventEmitter();
    setImmediate(() => emitter.emit("error", new RangeError("left behind")));
    return forever();
  },
  "throws what is no error": () => {
    queueMicrotask(() => {
      throw "left behind";
    });
    return forever();
  },
  "throws where it listens to its signal": (signal: AbortSignal) => {
    signal.addEventListener("abort", () => {
      throw new RangeError("left behind");
    });
    return forever();
  },
  "calls process.exit": () => process.exit(3),
  "calls the exit that it imported": () => imported(3),
  "calls the exit that it kept when it was loaded": () => kept(3),
  "calls process.exit in a timer": () => {
    setTimeout(() => process.exit(3), 1);
    return forever();
  },
  "calls process.exit and catches what it throws": () => {
    try {
      process.exit(3);
    } catch {
      return forever();
    }
  },
};

export type Deed = keyof typeof deeds;

export const unruly = defineWorkflow({ name: "unruly", version: 1, input: z.object({ deed: z.string() }) })
  .step(
    "act",
    { timeout: "1 second", retry: { maxAttempts: 2, backoff: "10 milliseconds", jitter: "none" } },
    ({ input }, { signal }): Promise<number> | number => deeds[input.deed as Deed](signal),
  )
  .step("rest", () => pause(20, 2));

// No step's, although it runs while they do.
process.on("SIGUSR2", () => {
  throw new RangeError("nobody's");
});

export const workflows = [unruly];
