import { createHash, randomBytes } from "node:crypto";
import type { IncomingMessage, RequestListener } from "node:http";
import type { Caller } from "./access.ts";
import type { CallListener } from "./aws-api.ts";

/** What the AWS SDK signs its calls with. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/**
 * The access keys of those that may call this machine's AWS: each instance of a function has one of
 * its own while it lives.
 *
 * A key is known by its id, which every signed call names and which nobody can guess; the signature
 * is not looked at.
 */
export class AccessKeys {
  /** Whose each key is, by the hash of its id: how long a look takes tells nothing of the ids. */
  readonly #owners = new Map<string, Caller>();

  issue(owner: Caller): AccessKey {
    const key = {
      accessKeyId: `ASIA${randomBytes(20).toString("hex").toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString("base64"),
    };
    this.#owners.set(hashOf(key.accessKeyId), owner);
    return key;
  }

  revoke({ accessKeyId }: AccessKey): void {
    this.#owners.delete(hashOf(accessKeyId));
  }

  /** Who signed a request; undefined where nobody did who may. */
  ownerOf({ headers }: IncomingMessage): Caller | undefined {
    const [, id] = /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\//.exec(headers.authorization ?? "") ?? [];
    return id === undefined ? undefined : this.#owners.get(hashOf(id));
  }

  /**
   * Lets only signed calls through, with whoever signed them; the others are refused as AWS refuses
   * a key that it does not know.
   */
  guard(listener: CallListener): RequestListener {
    return (request, response) => {
      const caller = this.ownerOf(request);
      if (caller !== undefined) return listener(request, response, caller);
      const type = "UnrecognizedClientException";
      response.writeHead(403, { "content-type": "application/json", "x-amzn-errortype": type, connection: "close" });
      response.end(JSON.stringify({ __type: type, message: "The security token included in the request is invalid." }));
    };
  }
}

function hashOf(id: string): string {
  return createHash("sha256").update(id).digest("base64");
}
