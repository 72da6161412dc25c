import type { Payload } from "../contender.ts";

/**
 * For an API that starts one run per call: makes a `send` of many payloads, with at most `limit`
 * calls under way over all its calls.
 */
export function sendEach(limit: number, sendOne: (payload: Payload) => Promise<unknown>) {
  let underway = 0;
  const waiting: (() => void)[] = [];
  const turn = () => (underway++ < limit ? Promise.resolve() : new Promise<void>((resolve) => waiting.push(resolve)));
  const sendInTurn = async (payload: Payload) => {
    await turn();
    try {
      await sendOne(payload);
    } finally {
      underway--;
      waiting.shift()?.();
    }
  };
  return async (payloads: readonly Payload[]): Promise<void> => void (await Promise.all(payloads.map(sendInTurn)));
}
