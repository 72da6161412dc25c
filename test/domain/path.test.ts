import { expect, test } from "vitest";
import { ofEach, pathPattern, topOf } from "../../shared/domain/path.ts";
import { order } from "./fixtures.ts";

test.each([
  "charge",
  "checks/stock",
  "renditions/00017",
  "renditions/00017/encode",
  "book/pay/2030-01-31",
  "book/pay/a%20b%2Fc",
  "~output",
  "ship/~skipped",
])("%s is a path", (path) => {
  expect(path).toMatch(pathPattern);
});

test.each(["", "/", "Charge", "charge/", "/charge", "charge//a", "renditions/ü", "~", "charge/~", "a b", "pay/%2f", "pay/%zz"])(
  "%j is no path",
  (text) => {
    expect(text).not.toMatch(pathPattern);
  },
);

test("the path of a plain node is its name, and belongs to it; that of a row below belongs to the node of the chain", () => {
  expect(order.nodes.map(({ name }) => topOf(name))).toEqual(order.nodes.map(({ name }) => name));
  expect(topOf("renditions/00017/encode")).toBe("renditions");
});

test("a path is made that of each item or pass, wherever something is below one", () => {
  const paths = ["charge", "videos/00017/encode", "/00000/parts/99999/upload", "videos/00017", "pay/000170/x"];
  expect(paths.map(ofEach)).toEqual(["charge", "videos/*/encode", "/*/parts/*/upload", "videos/00017", "pay/000170/x"]);
});
