import { randomBytes } from "node:crypto";
import { v7 } from "uuid";

/**
 * Makes the ids of new runs: UUIDv7 by the database's clock, in order within a batch.
 *
 * It begins with the clock of this machine. When the database says that this clock is wrong,
 * `correct` remembers by how much.
 */
export class RunIds {
  private readonly now: () => number;
  private offsetMs = 0;

  /** now: the machine's clock, in milliseconds since 1970. */
  constructor(now: () => number) {
    this.now = now;
  }

  make(count: number): string[] {
    const msecs = Math.max(0, Math.floor(this.now() + this.offsetMs));
    // All at once: by themselves, 16 random bytes take longer than the rest of an id.
    const random = randomBytes(count * 16 + 4);
    const first = random.readUInt32BE(count * 16) >>> 1;
    return Array.from({ length: count }, (_, index) =>
      v7({ msecs, seq: first + index, random: random.subarray(index * 16, index * 16 + 16) }),
    );
  }

  correct(databaseMs: number): void {
    this.offsetMs = databaseMs - this.now();
  }
}
