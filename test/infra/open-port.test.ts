import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { explainRefusal, openPort } from "../../infra/local/start/open-port.ts";

test("a port that the system refuses to this user is told with another one", () => {
  const refused = Object.assign(new Error("listen EACCES: permission denied 127.0.0.1:80"), { code: "EACCES" });
  expect((explainRefusal(refused, 80) as Error).message).toMatch(/^Port 80 may not be opened by this user, .* PORT=4620 npm start$/);
  const strange = Object.assign(new Error("no memory"), { code: "ENOMEM" });
  expect(explainRefusal(strange, 80)).toBe(strange);
});

test("a port that is taken is told with the process that has it", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  await expect(openPort(port, new Promise(() => undefined))).rejects.toThrow(
    `Port ${port} is taken by the process with pid ${process.pid}.`,
  );
  other.close();
});
