import { createHash, randomBytes } from "node:crypto";
import type { IncomingMessage, RequestListener } from "node:http";

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
  readonly #owners = new Map<string, string>();

  issue(owner: string): AccessKey {
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
  ownerOf({ headers }: IncomingMessage): string | undefined {
    const [, id] = /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\//.exec(headers.authorization ?? "") ?? [];
    return id === undefined ? undefined : this.#owners.get(hashOf(id));
  }

  /**
   * Lets only signed calls through; the others are refused as AWS refuses a key that it does not
   * know.
   */
  guard(listener: RequestListener): RequestListener {
    return (request, response) => {
      if (this.ownerOf(request) !== undefined) return listener(request, response);
      const type = "UnrecognizedClientException";
      response.writeHead(403, { "content-type": "application/json", "x-amzn-errortype": type, connection: "close" });
      response.end(JSON.stringify({ __type: type, message: "The security token included in the request is invalid." }));
    };
  }
}

function hashOf(id: string): string {
  return createHash("sha256").update(id).digest("base64");
}
