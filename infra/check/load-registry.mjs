// A thread of infra/check/registry.ts: loads a poller's bundle as its instances do, and says what is wrong, or the manifest.
import { parentPort, workerData } from "node:worker_threads";

process.setSourceMapsEnabled(true);

/** Of an error that is not about a workflow, where it was thrown too. */
function sentenceOf(thrown) {
  if (thrown?.name === "InvalidWorkflowError" || thrown?.name === "ConfigurationError") return thrown.message;
  const place = /^ +(at .*)$/m.exec(thrown?.stack ?? "")?.[1];
  return `${String(thrown)}${place === undefined ? "" : `, ${place}`}`;
}

async function load() {
  try {
    const { handler } = await import(workerData);
    return { manifest: handler.loadRegistry(process.env).manifest() };
  } catch (thrown) {
    return { wrong: sentenceOf(thrown) };
  }
}

const loaded = await load();
parentPort.postMessage(loaded);
