/** Takes what must stay secret out of a text that is stored, shown or logged. */
export type Redact = (text: string) => string;

/** A kind of secret: where it stands, and what is written in its place. */
interface Secret {
  readonly pattern: RegExp;
  readonly instead: string;
}

const MASK = "***";

/** Where a token may begin: not in a word, but after a line break that JSON has written as `\n`. */
const start = String.raw`(?:(?<![\w-])|(?<=\\[nrt]))`;

/**
 * A quote that ends a value, rather than one in it: punctuation follows, or what ends JSON within
 * JSON.
 */
const endQuote = String.raw`\\{0,15}["'\x60](?:[\s,:;.}\])\\"']|$)`;

/**
 * A text in quotes, which in JSON within JSON have backslashes; a quote with more of them ends
 * nothing. There is one way to read it.
 */
const quoted = String.raw`(?<quote>\\{0,15}["'\x60])(?:(?!\k<quote>)(?:\\+(?!\\)(?:["'\x60]|(?!["'\x60]))|[^\\]))*\k<quote>`;

/** The name and the quotes stay, so that JSON is JSON still. */
const inQuotes = `$1$<quote>${MASK}$<quote>`;

const bare = String.raw`(?:(?!${endQuote})[^\s&])+`;

/**
 * What the names of secrets end in, whatever stands before: PGPASSWORD, x-api-key,
 * X-Amz-Security-Token.
 */
const secretName =
  "(?:pass(?:word|wd|phrase|code)|pwd|secret|token|credentials?|signature|sig|" +
  "(?:api|access|secret|private|account|signing|master|encryption)[-_ ]?key(?:[-_ ]?id)?)";

const separator = String.raw`\\{0,15}["'\x60]?[ \t]{0,4}(?:=>|[:=])[ \t]{0,4}`;

/** Tokens that say by how they begin whose they are. */
const prefixed = [
  String.raw`gh[pousr]_\w{16,}|github_pat_\w{20,}|glpat-[\w-]{16,}`,
  String.raw`xox[a-z]-[\w-]{10,}|xapp-[\w-]{10,}`,
  String.raw`[srp]k_(?:live|test)_\w{10,}|whsec_[\w+/=]{10,}|sq0[a-z]{3}-[\w-]{20,}|shp(?:at|ca|pa|ss)_\w{20,}`,
  String.raw`sk-[\w-]{20,}|hf_\w{20,}|AIza[\w-]{30,}|ya29\.[\w-]{20,}`,
  String.raw`npm_\w{30,}|pypi-[\w-]{20,}|napi_\w{20,}|dop_v1_\w{20,}|lin_api_\w{20,}`,
  String.raw`SG\.[\w-]{10,}\.[\w-]{10,}|SK[0-9a-f]{32}|hv[sb]\.[\w-]{20,}|AGE-SECRET-KEY-1\w{20,}`,
].join("|");

/** AWS's secret access keys have no prefix, only a length. */
const awsSecret = String.raw`(?<![A-Za-z0-9+=])(?=[A-Za-z/+]{0,39}\d)[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])`;
const awsId = String.raw`${start}A(?:KIA|SIA|GPA|IDA|ROA|IPA|NPA|NVA)[A-Z0-9]{16,124}(?![A-Z0-9])`;

/**
 * In the order in which they are looked for. Each takes time in proportion to the text, whatever is
 * in it: where a pattern may begin is said so narrowly, or its length is bounded, that no stretch
 * of the text is looked at again from many places.
 */
const secrets: readonly Secret[] = [
  // Private keys, also one that is cut off.
  secret(String.raw`-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----)[^])*(?:-----END [A-Z0-9 ]{0,60}-----)?`, MASK),
  // user:password@ of a URL, up to the last @, since a password that is not encoded may have one.
  secret(String.raw`:\/\/(?=[^\s/?#@:]*[:@])(?:(?!:\/\/|${endQuote})[^\s<>])*@`, `://${MASK}@`),
  secret(String.raw`((?:authorization|cookie)${separator})(?:${quoted}|[^\r\n]+)`, inQuotes),
  secret(String.raw`(\b(?:bearer|basic)[ \t]{1,4})(?=[a-z.-]*[\d_~+/=]|[a-z.-]{20})[\w.~+/=-]{8,}`, `$1${MASK}`),
  secret(String.raw`${awsId}([^\r\n]{0,80}?)${awsSecret}`, `${MASK}$1${MASK}`, "g"),
  secret(awsId, MASK, "g"),
  secret(String.raw`((?:aws|secret|access.?key|credential)[^\r\n]{0,40}?)${awsSecret}`, `$1${MASK}`),
  // JWTs, signed, encrypted or neither.
  secret(String.raw`${start}eyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*){0,3}`, MASK, "g"),
  secret(`${start}(?:${prefixed})`, MASK, "g"),
  secret(String.raw`(slack\.com\/(?:services|workflows|triggers)\/)[\w/-]+`, `$1${MASK}`),
  // password=…, also in a connection string of libpq, in JSON, in the query of a URL and in what
  // Node prints of an object.
  secret(`(${secretName}${separator})(?:${quoted}|${bare})`, inQuotes),
];

function secret(pattern: string, instead: string, flags = "gi"): Secret {
  return { pattern: new RegExp(pattern, flags), instead };
}

/**
 * Masks what looks like a secret with `***`: passwords in URLs and connection strings,
 * Authorization headers and bearer tokens, AWS keys, private keys, JWTs, tokens of well-known
 * services by their prefix, and pairs such as `password=…` or `"apiKey": "…"`.
 *
 * It takes time in proportion to the text. Masking twice changes nothing more.
 */
export function redactSecrets(text: string): string {
  return secrets.reduce((masked, { pattern, instead }) => masked.replace(pattern, instead), text);
}

const secretKey = new RegExp(`${secretName}$|^(?:proxy-)?authorization$|^(?:set-)?cookie$`, "i");

/** Whether what stands under this key of an object is a secret by its name. */
export function isSecretName(key: string): boolean {
  return secretKey.test(key);
}

/**
 * What a hook makes of a text; one that throws, or returns no text, costs the text rather than its
 * secrets.
 */
export function redacted(text: string, redact: Redact): string {
  try {
    const masked: unknown = redact(text);
    if (typeof masked === "string") return masked;
  } catch {
    // Its own error may hold the text.
  }
  return "(withheld: this service's redact failed on it)";
}

/**
 * A replacer for JSON.stringify: every text passes through `redact`, however deep it is; what has
 * the name of a secret is masked whole.
 */
export function maskedBy(redact: Redact): (key: string, value: unknown) => unknown {
  return (key, value) => {
    if (typeof value !== "string") return value;
    return isSecretName(key) ? "***" : redacted(value, redact);
  };
}
