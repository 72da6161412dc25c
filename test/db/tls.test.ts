import { afterAll, expect, test } from "vitest";
import { checkSchema } from "../../infra/migrate.ts";
import { connect } from "../../shared/db/connect.ts";
import { explainTls, requireTls } from "../../shared/db/tls.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase();
afterAll(() => database[Symbol.asyncDispose]());

test.each([
  ["postgresql://u:p@db.example/app", "postgresql://u:p@db.example/app?sslmode=verify-full"],
  ["postgresql://u@10.0.0.7:6432/app?application_name=a%20b", "postgresql://u@10.0.0.7:6432/app?application_name=a+b&sslmode=verify-full"],
  ["postgresql://u@localhost/app?host=db.example", "postgresql://u@localhost/app?host=db.example&sslmode=verify-full"],
  ["postgresql://u@127.evil.example/app", "postgresql://u@127.evil.example/app?sslmode=verify-full"],
])("the driver pg verifies a server elsewhere: %s", (url, secured) => {
  expect(requireTls(url, {})).toBe(secured);
});

test.each([
  "postgresql://u:p%23@127.0.0.1:5432/app",
  "postgresql://u@[::1]/app",
  "postgresql://u@localhost/app",
  "postgresql:///app?host=/var/run/postgresql",
  "postgresql://%2Fvar%2Frun%2Fpostgresql/app",
  "postgresql://u@db.example/app?sslmode=disable",
  "postgresql://u@db.example/app?ssl=true",
])("a server on this machine, and a connection string that says what it wants, are left as they are: %s", (url) => {
  expect(requireTls(url, {})).toBe(url);
  expect(requireTls("postgresql://u@db.example/app", { PGSSLMODE: "disable" })).toBe("postgresql://u@db.example/app");
});

// 0.0.0.0 leads to this machine, and is no loopback address.
const elsewhere = (url: string) => url.replace("127.0.0.1", "0.0.0.0");

test("a server elsewhere that speaks no TLS gets nothing, and the sentence says what to do", async () => {
  const sentence = /^The database server speaks no TLS\. Turn it on there\. Where the way to it is safe, append \?sslmode=disable/;
  const url = elsewhere(database.ownerUrl);
  expect(url).toContain("0.0.0.0");
  await using refused = connect({ url, driver: "pg" });
  await expect(refused.query("select 1")).rejects.toMatchObject({
    name: "DatabaseConfigurationError",
    message: expect.stringMatching(sentence),
  });
  await expect(checkSchema(url)).rejects.toThrow(sentence);
  await using taken = connect({ url: `${url}?sslmode=disable`, driver: "pg" });
  expect(await taken.query("select 1 as one")).toEqual([{ one: 1 }]);
});

test("a certificate that nobody vouches for is named, and where to give its root", () => {
  const thrown = Object.assign(new Error("self-signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
  expect(explainTls(thrown)).toMatchObject({
    name: "DatabaseConfigurationError",
    message: expect.stringMatching(/\(self-signed certificate\)\. Give its root certificate in NODE_EXTRA_CA_CERTS/),
  });
  const other = new Error("read ECONNRESET");
  expect(explainTls(other)).toBe(other);
});
