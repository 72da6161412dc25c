/**
 * An exact decimal number, such as `12.500`: what Postgres calls numeric. Its scale is the count of
 * digits after the point.
 */
export class Decimal {
  readonly #units: bigint;
  readonly #scale: number;

  private constructor(units: bigint, scale: number) {
    this.#units = units;
    this.#scale = scale;
  }

  /**
   * Reads `-12.500`; throws `RangeError` for anything else, such as an exponent or a lone point.
   */
  static parse(text: string): Decimal {
    const [, whole, fraction = ""] = /^(-?\d+)(?:\.(\d+))?$/.exec(text) ?? [];
    if (whole === undefined) throw new RangeError(`${JSON.stringify(text)} is not a decimal number such as 12.500`);
    return new Decimal(BigInt(whole + fraction), fraction.length);
  }

  /** The quotient of two whole numbers, rounded towards zero after `scale` digits. */
  static ratio(numerator: bigint, denominator: bigint, scale: number): Decimal {
    return new Decimal((numerator * 10n ** BigInt(scale)) / denominator, scale);
  }

  toString(): string {
    const digits = (this.#units < 0n ? -this.#units : this.#units).toString().padStart(this.#scale + 1, "0");
    const point = digits.length - this.#scale;
    const sign = this.#units < 0n ? "-" : "";
    return this.#scale === 0 ? sign + digits : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
  }
}
