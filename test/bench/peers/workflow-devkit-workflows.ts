// Compiled by the DevKit into bundles of its own, away from this folder: so no import, and progress
// is told through a global.

interface Payload {
  readonly text: string;
  readonly sentAt?: number;
}

declare global {
  var benchProgress: { started(payload: Payload): void; done(payload: Payload): void };
}

const output: Payload = { text: "x".repeat(200 - '{"text":""}'.length) };

async function only(input: Payload): Promise<void> {
  "use step";
  globalThis.benchProgress.started(input);
  globalThis.benchProgress.done(input);
}

async function one(input: Payload): Promise<Payload> {
  "use step";
  globalThis.benchProgress.started(input);
  return output;
}

async function two(): Promise<Payload> {
  "use step";
  return output;
}

async function three(input: Payload): Promise<Payload> {
  "use step";
  globalThis.benchProgress.done(input);
  return output;
}

export async function single(input: Payload): Promise<void> {
  "use workflow";
  await only(input);
}

export async function threeSteps(input: Payload): Promise<void> {
  "use workflow";
  await one(input);
  await two();
  await three(input);
}
