import type { Shop } from "../order-saga.ts";

/** A shop that writes down what it is asked to do, and refuses a key that another call has. */
export function recordingShop() {
  const calls: string[] = [];
  const failing = new Set<string>();
  const keys = new Map<string, string>();

  async function note(name: string, key: string, of = ""): Promise<void> {
    const call = of === "" ? name : `${name} ${of}`;
    calls.push(call);
    if ((keys.get(key) ?? call) !== call) throw new Error(`${call} has the key of ${keys.get(key)}`);
    keys.set(key, call);
    if (failing.delete(name)) throw new Error(`${name} does not answer`);
  }

  const shop: Shop = {
    reserve: ({ orderId }, key) => note("reserve", key).then(() => `reservation of ${orderId}`),
    release: (reservation, key) => note("release", key, reservation),
    charge: ({ orderId }, key) => note("charge", key).then(() => `charge of ${orderId}`),
    refund: (_, key) => note("refund", key),
    ship: ({ orderId }, key) => note("ship", key).then(() => `parcel of ${orderId}`),
    recall: (_, key) => note("recall", key),
  };
  return { shop, calls, keys, failNext: (name: keyof Shop) => void failing.add(name) };
}
