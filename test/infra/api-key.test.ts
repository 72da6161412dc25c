import { expect, test } from "vitest";
import { givenApiKey } from "../../infra/local/start/api-key.ts";
import { SettingError } from "../../infra/local/start/settings.ts";

test.each(["two keys", "a,b", " key", "key\n", "\t", "schlüssel", "key\u00a0"])(
  "the API key %j is refused, since no request could carry it",
  (key) => {
    expect(() => givenApiKey({ BATON_API_KEY: key })).toThrow(SettingError);
    expect(() => givenApiKey({ BATON_API_KEY: key })).toThrow(/^BATON_API_KEY holds a comma, a blank or a sign that is not ASCII: take /);
  },
);

test.each(["a-key-of-my-own", "Zm9v+/==", "!\"#$%&'()*+-./:;<=>?@[]^_`{|}~\\"])("the API key %j is taken as it is", (key) => {
  expect(givenApiKey({ BATON_API_KEY: key })).toBe(key);
});

test("an empty API key counts as not set", () => {
  expect([givenApiKey({ BATON_API_KEY: "" }), givenApiKey({})]).toEqual([undefined, undefined]);
});
