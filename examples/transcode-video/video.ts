import type { Decimal } from "./decimal.ts";

/**
 * What is known of a video beside its columns: each name with its set of values, such as `tag` with
 * `cat` and `funny`.
 */
export type Traits = ReadonlyMap<string, ReadonlySet<string>>;

export interface VideoFacts {
  readonly id: string;
  readonly ownerId: string | null;
  readonly title: string;
  readonly sha256: string;
  readonly sizeBytes: bigint;
  readonly frameRate: Decimal;
  readonly uploadedAt: Date;
  readonly publishedAt: Date | null;
  readonly traits: Traits;
}

/**
 * A video with its traits: the aggregate, stored and loaded as one. An owner's titles are unique.
 */
export class Video implements VideoFacts {
  readonly id: string;
  readonly ownerId: string | null;
  readonly title: string;
  readonly sha256: string;
  readonly sizeBytes: bigint;
  readonly frameRate: Decimal;
  readonly uploadedAt: Date;
  readonly publishedAt: Date | null;
  readonly traits: Traits;

  constructor(facts: VideoFacts) {
    this.id = facts.id;
    this.ownerId = facts.ownerId;
    this.title = facts.title;
    this.sha256 = facts.sha256;
    this.sizeBytes = facts.sizeBytes;
    this.frameRate = facts.frameRate;
    this.uploadedAt = facts.uploadedAt;
    this.publishedAt = facts.publishedAt;
    this.traits = facts.traits;
  }

  /**
   * Whether both come from one upload, so that the second is a repeat of the first and not another
   * video.
   */
  isSameUploadAs(other: Video): boolean {
    return this.id === other.id && this.ownerId === other.ownerId && this.title === other.title && this.sha256 === other.sha256;
  }
}

/** A video could not be added because another one has its id, or its owner and title. */
export class DuplicateVideoError extends Error {
  override readonly name = "DuplicateVideoError";
  readonly taken: "id" | "title";

  constructor(taken: "id" | "title", options?: ErrorOptions) {
    super(`another video has this ${taken === "id" ? "id" : "owner and title"}; choose another ${taken}`, options);
    this.taken = taken;
  }
}
