/**
 * A secret as it may stand in the text of an error, and the part of it that nobody else may ever
 * see.
 */
export interface Canary {
  readonly what: string;
  readonly text: string;
  readonly secret: string;
}

/** Part of every canary that can have any text, so that it is found wherever it gets to. */
const secret = "canary7Xk93mQz4Lw8";
const awsSecret = "canary7Xk93mQz4Lw8/rT5vB2nH6jD1pS0fG+yUa";
const awsId = "ASIACANARY0CANARY000";
const canary = (what: string, text: string, part = secret): Canary => ({ what, text, secret: part });

/** One of each kind of secret that is masked by default, in the places where libraries put them. */
export const canaries: readonly Canary[] = [
  canary("a URL", `cannot reach postgresql://baton:${secret}@db.example/baton?sslmode=require`),
  canary("a password that is not encoded", `cannot reach postgres://baton:p@${secret}/#?'x@db.example/baton`),
  canary("a token in place of a user", `fatal: https://${secret}@github.com/o/r.git not found`),
  canary("a password with a quote in it", `cannot reach redis://:p"${secret}@cache.example:6379`),
  canary("a URL in JSON", `bad settings {"url":"mysql://root:${secret}@h/db","mail":"ada@example.com"}`),
  canary("words of libpq", `connection to "host=db.example user=baton password=${secret} dbname=baton" failed`),
  canary("a quoted word of libpq", `host=h password = 'it\\'s ${secret}' user=baton`),
  canary("a bearer token", `GET /charges with Bearer ${secret}abc was refused`),
  canary("a header", `> authorization: Basic ${secret}\n> host: payments.example`),
  canary("a header of an object", `{ headers: { 'Authorization': 'Token ${secret}', accept: '*/*' } }`),
  canary("a header in JSON in JSON", JSON.stringify({ body: JSON.stringify({ authorization: `Digest x="${secret}"`, n: 1 }) })),
  canary("a cookie", `set-cookie: session=${secret}; HttpOnly`),
  canary("a key's header", `x-api-key: ${secret}`),
  canary("an id of AWS", `The key ${awsId} is not known`, awsId),
  canary("a pair of AWS", `credentials ${awsId}:${awsSecret} are not valid`, awsSecret),
  canary("a secret of AWS beside its name", `AWS_SECRET_ACCESS_KEY is ${awsSecret}, which has expired`, awsSecret),
  canary("a signed URL", `https://b.s3.amazonaws.com/k?X-Amz-Security-Token=${secret}&X-Amz-Expires=60 is 403`),
  canary("a private key", `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMII${secret}\n-----END RSA PRIVATE KEY-----`),
  canary("a private key in JSON", JSON.stringify({ pem: `-----BEGIN PRIVATE KEY-----\nMII${secret}\n-----END PRIVATE KEY-----\n` })),
  canary("a private key that is cut off", `-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNza${secret}`),
  canary("a JWT", `token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx${secret}.dozjgNryP4J3jVmNHl0w5N is expired`),
  canary("a JWT after a line break in JSON", JSON.stringify({ text: `\neyJhbGciOiJIUzI1NiJ9.${secret}.x` })),
  canary("GitHub", `bad credentials ghp_${secret}abcdefghij`),
  canary("Slack", `invalid_auth xoxb-1234567890-${secret}`),
  canary("Slack's webhook", `POST https://hooks.slack.com/services/T000/B000/${secret} is 404`),
  canary("Stripe", `Invalid API Key provided: sk_live_${secret}`),
  canary("a pair", `the login has password=${secret}`),
  canary("a pair in JSON", `refused: {"user":"ada","clientSecret":"${secret}","n":1}`),
  canary("a pair of an object", `{ apiKey: '${secret}', n: 1 }`),
  canary("a pair of a map", `Map(1) { "access_token" => "${secret}" }`),
];

/** Where a canary is planted: what is thrown for it. */
export const planted: Readonly<Record<string, (text: string) => unknown>> = {
  message: (text) => new Error(text),
  cause: (text) => new Error("the request failed", { cause: new Error("the socket said no", { cause: new Error(text) }) }),
  part: (text) => new AggregateError([new Error("one"), new Error(text)], "all failed"),
  stack: (text) => Object.assign(new Error("it failed"), { stack: `Error: it failed\n    at ${text}\n    at charge (file:///x.ts:1:1)` }),
  name: (text) => Object.assign(new Error("it failed"), { name: text }),
  code: (text) => Object.assign(new Error("it failed"), { code: text }),
  text: (text) => text,
  object: (text) => ({ status: 500, body: text }),
  message_of_an_object: (text) => ({ message: text }),
};
