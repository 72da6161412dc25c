import { shown } from "./report.ts";
import { nameOf, type Published, reader } from "./tables.ts";

/** Horizontal bars; own: ours. */
export interface Chart {
  readonly file: string;
  readonly title: string;
  readonly note: string;
  readonly rows: readonly { readonly name: string; readonly value: number; readonly label: string; readonly own: boolean }[];
}

/** The charts of docs/benchmarks.md and of the README. */
export function charts({ baton, peers }: Published): Chart[] {
  const peer = reader(peers);
  const own = reader(baton);
  const bars = (ids: readonly string[], figure: string, unit: string) =>
    ids.map((id) => {
      const value = peer.figure(id, figure);
      return { name: nameOf(id), value, label: `${shown(value)}${unit}`, own: id.includes("baton") };
    });
  const held = [
    ["empty tables", "W3/empty", "drainedPerSecond"],
    ["full tables", "W3/full", "drainedPerSecond"],
    ["under a held snapshot", "W3/snapshot", "first"],
    ["400,000 runs later", "W3/snapshot", "after"],
  ] as const;
  return [
    {
      file: "w2.svg",
      title: "Three-step workflows a second",
      note: "one worker process, 200-byte outputs, every step durable; two cores for client and server",
      rows: bars(peer.ids("W2/", "drainedPerSecond"), "drainedPerSecond", ""),
    },
    {
      file: "w1.svg",
      title: "Single-step runs a second",
      note: "one worker process; pg-boss keeps the row, graphile-worker deletes it, raw and Baton keep all history",
      rows: bars(peer.ids("W1/", "drainedPerSecond"), "drainedPerSecond", ""),
    },
    {
      file: "latency.svg",
      title: "From enqueue to done at one run a second, p50 of three steps",
      note: "shorter is better; LISTEN, or a poll every few ms, against one HTTP nudge",
      rows: bars(peer.ids("W4/", "doneP50").toReversed(), "doneP50", " ms"),
    },
    {
      file: "growth.svg",
      title: "Three-step workflows a second, whatever is in the tables",
      note: "full: 1,000,000 finished, 500,000 ready, 1,000,000 delayed, 10,000 leased, 100,000 dead rows under a held snapshot",
      rows: held.map(([name, id, figure]) => ({ name, value: own.figure(id, figure), label: shown(own.figure(id, figure)), own: true })),
    },
  ];
}
