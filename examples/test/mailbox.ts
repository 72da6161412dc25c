import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type ParsedMail, simpleParser } from "mailparser";
import { createTransport, type Transporter } from "nodemailer";
import { SMTPServer } from "smtp-server";

/** A mail server of a test's own, on 127.0.0.1, that keeps what it is sent. */
export interface Mailbox extends AsyncDisposable {
  /** How letters are sent to it. */
  readonly mail: Transporter;
  /** In the order in which they came. */
  readonly letters: readonly ParsedMail[];
  /** Has it refuse so many letters, as a server that is busy does. */
  refuse(letters: number): void;
}

export async function openMailbox(): Promise<Mailbox> {
  const letters: ParsedMail[] = [];
  let refused = 0;
  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    onData(stream, _session, done) {
      simpleParser(stream, (error, letter) => {
        if (error) return done(error);
        if (refused-- > 0) return done(Object.assign(new Error("Try again later"), { responseCode: 451 }));
        letters.push(letter);
        return done();
      });
    },
  });
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  const { port } = server.server.address() as AddressInfo;
  const mail = createTransport({ host: "127.0.0.1", port, ignoreTLS: true });
  return {
    mail,
    letters,
    refuse: (letters) => void (refused = letters),
    [Symbol.asyncDispose]: async () => {
      mail.close();
      await new Promise<void>((resolve) => server.close(resolve));
    },
  };
}
