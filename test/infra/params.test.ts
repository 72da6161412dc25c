import { expect, test } from "vitest";
import { checkGivenParams, checkParams } from "../../infra/check/params.ts";

const of = (params: object) => () => checkParams({ params: { prod: params } });

test("the params of this service are in order, as are variables and params of one's own", () => {
  expect(() => checkParams()).not.toThrow();
  expect(
    of({
      kmsKey: "${env:KEY}",
      mine: "anything",
      alarmEmail: "ops@example.com",
      pollers: 0,
      rate: 10,
      publicUrl: "https://example.com/baton",
    }),
  ).not.toThrow();
  expect(of({ kmsKey: "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" })).not.toThrow();
});

test.each<[string, unknown, string]>([
  ["kmsKey", "quatsch", 'the ARN of a key, or "" for that of SSM'],
  ["kmsKey", "alias/mine", 'the ARN of a key, or "" for that of SSM'],
  ["tick", "on", "ENABLED or DISABLED"],
  ["tickRate", "1 minute", "an expression such as rate(1 minute)"],
  ["alarms", "yes", '"on" or "off"'],
  ["idleGate", true, '"on" or "off"'],
  ["stacks", "ON", '"on" or "off"'],
  ["rate", 0, "a whole number from 1"],
  ["burst", "many", "a whole number from 1"],
  ["pollers", -1, "a whole number, or is left out"],
  ["answerers", "few", "a whole number, or is left out"],
  ["answerRate", 0, "a whole number from 1"],
  ["answerBurst", "many", "a whole number from 1"],
  ["publicUrl", "approvals.example.com", "a URL such as https://approvals.example.com"],
  ["publicUrl", "https://approvals.example.com?a=b", "a URL such as https://approvals.example.com"],
  ["alarmEmail", "ops", 'an address, or "" for none'],
])("the param %s may not be %j", (name, value, takes) => {
  expect(of({ [name]: value })).toThrow(`The param ${name} of prod in serverless.yml is ${JSON.stringify(value)}: it takes ${takes}.`);
});

test("a param that a command is given is held to the same", () => {
  expect(() => checkGivenParams(["alarms=on", "alarmEmail=", "mine=a=b", "kmsKey=${env:KEY}"])).not.toThrow();
  expect(() => checkGivenParams(["rate=0"])).toThrow('The param rate of this command is "0": it takes a whole number from 1.');
});
