import { spawn } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Browser, chromium } from "playwright-core";
import { endWithUs, killed } from "./processes.ts";

const CHROMIUMS = ["/usr/bin/chromium", "/usr/bin/google-chrome", "/opt/homebrew/bin/chromium"];
const QUIETLY = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];

/** A browser that a test looks with; it ends with the test process at the latest. */
export interface TestBrowser {
  readonly browser: Browser;
  close(): Promise<void>;
}

/** Starts the machine's own Chromium. Playwright only speaks to it: it brings none along. */
export async function startChromium(): Promise<TestBrowser> {
  const file = CHROMIUMS.find((each) => existsSync(each));
  if (file === undefined) throw new Error("These tests look at pages with Chromium, which is not installed: apt-get install chromium");
  const profile = `--user-data-dir=${mkdtempSync(join(tmpdir(), "chromium-"))}`;
  const child = spawn(file, [...QUIETLY, profile, "--remote-debugging-port=0"], { stdio: ["ignore", "ignore", "pipe"], detached: true });
  endWithUs(child, "group");
  const browser = await chromium.connectOverCDP(await addressIn(createInterface(child.stderr)));
  return {
    browser,
    close: async () => {
      await browser.close();
      await killed(child);
    },
  };
}

/** Where it listens, as it says itself. */
async function addressIn(lines: AsyncIterable<string>): Promise<string> {
  for await (const line of lines) {
    const [, address] = /^DevTools listening on (ws:\S+)$/.exec(line) ?? [];
    if (address !== undefined) return address;
  }
  throw new Error("Chromium ended before it listened.");
}
