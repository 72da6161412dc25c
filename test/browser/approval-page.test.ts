import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import axe from "axe-core";
import type { BrowserContextOptions, Page } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import * as z from "zod";
import { defineWorkflow } from "../../shared/index.ts";
import { serve } from "../../shared/node.ts";
import { startChromium } from "../support/chromium.ts";
import { createTestDatabase } from "../support/database.ts";
import { enqueue } from "../support/poller.ts";
import { linkOf, ticketKeysText } from "../support/tickets.ts";

const order = defineWorkflow({ name: "approve-order", version: 1, input: z.object({}) }).sleep("pause", "1 day");
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const database = await createTestDatabase();
const server = await serve({
  workflows: [order],
  url: database.url("signaller"),
  driver: "pg",
  port: 0,
  logger: silent,
  ticketKeys: ticketKeysText,
});
const chromium = await startChromium();
afterAll(async () => {
  await chromium.close();
  await server.close();
});

const newRun = async () => (await enqueue(database.database, order, [{}]))[0]!;
const urlOf = (token: string) => `${server.address}/approvals/${token}`;
const decisions = (run: string) => database.query<{ body: unknown }>("select body from baton.message where run_id = $1", [run]);

/** Looks at something in a window of its own. */
async function look<Seen>(options: BrowserContextOptions, at: (page: Page) => Promise<Seen>): Promise<Seen> {
  const context = await chromium.browser.newContext(options);
  try {
    return await at(await context.newPage());
  } finally {
    await context.close();
  }
}

test("a person decides with a name and a comment, without JavaScript and by keyboard alone", async () => {
  const run = await newRun();
  const heading = await look({ javaScriptEnabled: false }, async (page) => {
    await page.goto(urlOf(linkOf(run)));
    await page.keyboard.press("Tab");
    await page.keyboard.type("Ada <ada@example.com>");
    await page.keyboard.press("Tab");
    await page.keyboard.type("fine\nby me & all");
    await page.keyboard.press("Tab");
    await Promise.all([page.waitForEvent("framenavigated"), page.keyboard.press("Enter")]);
    return page.getByRole("heading").textContent();
  });
  expect(heading).toBe("You have chosen “approve”.");
  expect(await decisions(run)).toEqual([{ body: { decision: "approve", by: "Ada <ada@example.com>", comment: "fine\nby me & all" } }]);
});

test("whoever follows the link without pressing the button changes nothing, and loads nothing but the page", async () => {
  const run = await newRun();
  const requests: string[] = [];
  await look({}, async (page) => {
    page.on("request", (request) => void requests.push(`${request.method()} ${request.url()}`));
    await page.goto(urlOf(linkOf(run)), { waitUntil: "networkidle" });
    await page.reload({ waitUntil: "networkidle" });
  });
  expect(new Set(requests)).toEqual(new Set([`GET ${urlOf(linkOf(run))}`]));
  expect(await decisions(run)).toEqual([]);
});

/** What axe finds wrong, and whether the page is wider than its window. */
async function faultsOf(page: Page): Promise<unknown> {
  await page.evaluate(axe.source);
  const { violations, incomplete } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  const tooWide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  return { tooWide, found: [...violations, ...incomplete].map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`) };
}

const phone = { width: 320, height: 568 };
test.each([
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["light on a phone", { colorScheme: "light", viewport: phone }],
  ["dark on a phone", { colorScheme: "dark", viewport: phone }],
] as const)("axe finds nothing in %s: asked, refused, chosen or gone", async (_, options) => {
  const run = await newRun();
  const choice = "approve-it-with-a-choice-whose-name-is-as-long-as-a-name-may-be";
  const faults = await look(options, async (page) => {
    await page.goto(urlOf(linkOf(run, { choice, path: `docs/00001/${"x".repeat(60)}/sign-off` })));
    const asked = await faultsOf(page);
    await page.getByLabel("Your name").evaluate((field) => field.removeAttribute("maxlength"));
    await page.getByLabel("Your name").fill("x".repeat(201));
    await page.getByRole("button").click();
    await page.getByRole("alert").waitFor();
    const refused = await faultsOf(page);
    await page.getByLabel("Your name").fill("Ada");
    await page.getByRole("button").click();
    await page.getByText("You have chosen").waitFor();
    const chosen = await faultsOf(page);
    await page.goto(urlOf("no-link"));
    return { asked, refused, chosen, gone: await faultsOf(page) };
  });
  const none = { tooWide: false, found: [] };
  expect(faults).toEqual({ asked: none, refused: none, chosen: none, gone: none });
});

test("the two schemes look differently", async () => {
  const link = urlOf(linkOf(await newRun()));
  const seen = (colorScheme: "light" | "dark") =>
    look({ colorScheme }, async (page) => {
      await page.goto(link);
      return page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    });
  expect([await seen("light"), await seen("dark")]).toEqual(["rgb(255, 255, 255)", "rgb(22, 22, 26)"]);
});

test("a script, a picture, a style or a form for elsewhere that got into the page does nothing", async () => {
  const run = await newRun();
  const blocked = await look({}, async (page) => {
    await page.goto(urlOf(linkOf(run)));
    return page.evaluate(async () => {
      const found: string[] = [];
      document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => void found.push(effectiveDirective));
      const script = Object.assign(document.createElement("script"), { textContent: "globalThis.ran = true" });
      const style = Object.assign(document.createElement("style"), { textContent: "body { color: red }" });
      const picture = Object.assign(document.createElement("img"), { src: "http://127.0.0.1:9/x.png" });
      const form = Object.assign(document.createElement("form"), { action: "http://127.0.0.1:9/", method: "post" });
      document.body.append(script, style, picture, form);
      form.submit();
      while (found.length < 4) await new Promise((resolve) => setTimeout(resolve, 20));
      return { ran: "ran" in globalThis, found: found.sort() };
    });
  });
  expect(blocked).toEqual({ ran: false, found: ["form-action", "img-src", "script-src-elem", "style-src-elem"] });
  expect(await decisions(run)).toEqual([]);
});

test("no other page may show it in a frame", async () => {
  const link = urlOf(linkOf(await newRun()));
  const other = createServer((_, response) => {
    response.setHeader("content-type", "text/html").end(`<iframe src="${link}"></iframe>`);
  }).listen(0, "127.0.0.1");
  await once(other, "listening");
  const text = await look({}, async (page) => {
    await page.goto(`http://127.0.0.1:${(other.address() as AddressInfo).port}`);
    return page.frameLocator("iframe").locator("body").textContent();
  });
  other.closeAllConnections();
  other.close();
  expect(text).not.toContain("approve");
});

test("a dead link says its one sentence", async () => {
  const run = await newRun();
  await database.query("select baton.cancel($1)", [run]);
  const heading = (token: string) =>
    look({}, async (page) => {
      const answer = await page.goto(urlOf(token));
      return [answer!.status(), await page.getByRole("heading").textContent(), await page.getByRole("button").count()];
    });
  expect(await heading(linkOf(run))).toEqual([410, "What asked for this was cancelled, so there is nothing left to decide.", 0]);
  expect(await heading("no-link")).toEqual([410, "This link is not one of ours, or not all of it was copied.", 0]);
});
