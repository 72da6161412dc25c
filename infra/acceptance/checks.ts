import assert from "node:assert/strict";
import type { Run, Service } from "./service.ts";

/** What the checks change besides runs. */
export interface Secrets {
  /** Gives each function's login a new password, there and in its parameter. */
  rotatePasswords(): Promise<void>;
  /** Adds an API key and returns it. */
  addKey(): Promise<string>;
  /** Removes the key that was there before the newest. */
  removeOldKey(): Promise<void>;
}

/** One thing that has to hold; resolves with what was seen. */
export interface Check {
  readonly name: string;
  readonly run: (service: Service, secrets: Secrets) => Promise<string>;
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
const took = ({ createdAt, finishedAt }: Run) => seconds(Date.parse(finishedAt!) - Date.parse(createdAt));

async function greet(service: Service, name: string): Promise<Run> {
  const run = await service.done(await service.enqueue("acceptance-greet", { name }), 120);
  assert.equal(run.output, `Hello ${name}`);
  return run;
}

/** In this order: the idle gate closes only when nothing is left to do. */
export const CHECKS: readonly Check[] = [
  {
    name: "a key is asked for",
    run: async (service) => {
      assert.equal(await service.statusFor("nobody"), 401);
      await service.until("the new key opens the API", 90, 5_000, async () => (await service.statusFor(service.key)) === 200);
      return "401 without, 200 with it";
    },
  },
  { name: "a run is done", run: async (service) => `${took(await greet(service, "world"))} after it was stored` },
  {
    name: "a run survives the end of its process",
    run: async (service) => {
      const run = await service.done(await service.enqueue("acceptance-recover", {}), 240, 5_000);
      assert.equal(run.output, "alive");
      assert.equal(run.crashes, 1, `its lease was to run out once, and did ${run.crashes} times`);
      return `done ${took(run)} after it was stored, and once its lease ran out`;
    },
  },
  {
    name: "passwords are rotated",
    run: async (service, secrets) => {
      await secrets.rotatePasswords();
      return `then a run was done, ${took(await greet(service, "new password"))} after it was stored`;
    },
  },
  {
    name: "an API key is rotated",
    run: async (service, secrets) => {
      const old = service.key;
      const renewed = await secrets.addKey();
      await service.until("the new key opens the API", 90, 5_000, async () => (await service.statusFor(renewed)) === 200);
      service.key = renewed;
      await secrets.removeOldKey();
      await service.until("the old key is refused", 90, 5_000, async () => (await service.statusFor(old)) === 401);
      return "the new one opens the API, the old one is answered with 401";
    },
  },
  {
    name: "with nothing to do the database is left alone",
    run: async (service) => {
      await service.until("a tick leaves the database alone", 300, 10_000, () => service.rests());
      return "a tick rested at the gate";
    },
  },
  {
    name: "a request wakes what rests",
    run: async (service) => `done ${took(await greet(service, "sleeper"))} after it was stored`,
  },
  {
    name: "a run for later wakes what rests",
    run: async (service) => {
      const due = Date.now() + 120_000;
      const id = await service.enqueue("acceptance-greet", { name: "later" }, new Date(due));
      const { finishedAt } = await service.done(id, 300, 5_000);
      return `done ${seconds(Date.parse(finishedAt!) - due)} after it was due`;
    },
  },
];
