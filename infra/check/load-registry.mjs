// A thread of infra/check/registry.ts: loads a poller's bundle as its instances do, and says what is wrong; null: nothing.
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
    handler.loadRegistry(process.env);
    return null;
  } catch (thrown) {
    return sentenceOf(thrown);
  }
}

const wrong = await load();
parentPort.postMessage(wrong);
