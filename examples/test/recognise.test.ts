import { expect, test } from "vitest";
import { decode } from "../document-pipeline/decode.ts";
import { recogniseFormat } from "../document-pipeline/recognise.ts";

const bytes = (text: string) => Buffer.from(text);
const recognise = (text: string, type: string | null, name: string) =>
  recogniseFormat(bytes(text), type, new URL(name, "https://example.com"));

test.each([
  ["%PDF-1.7", "text/html", "/a", "pdf"],
  ["\n\n%PDF-1.4", "application/octet-stream", "/a.bin", "pdf"],
  ["# a", "text/plain; charset=utf-8", "/README.md", "markdown"],
  ["# a", "text/markdown", "/a.txt", "markdown"],
  ["a", "text/html", "/a.md", "html"],
  ["<!DOCTYPE html>", null, "/a", "html"],
  ["<html lang=de>", "application/octet-stream", "/a", "html"],
  ["a <b>", "text/plain", "/a", "text"],
  ["a,b", "text/csv", "/a", "text"],
  ["a", null, "/A.HTM", "html"],
])("%j of type %s at %s is %s", (text, type, name, format) => expect(recognise(text, type, name)).toBe(format));

test.each([
  ["x", "image/png", "/a", /^The document is of the type image\/png\. Give a PDF/],
  ["x", "application/pdf", "/a", /^The document is called a PDF and is none/],
  ["PK\0\x01", null, "/a.txt", /^The document is no text\./],
])("%j of type %s at %s is refused", (text, type, name, sentence) => expect(() => recognise(text, type, name)).toThrow(sentence));

test.each([
  ["\uFEFFü", Buffer.from("\uFEFFü"), null],
  ["ü", Buffer.from("\uFEFFü", "utf16le"), null],
  ["ü", Buffer.from("ü", "latin1"), 'text/plain; charset="ISO-8859-1"'],
  ["<meta charset=latin1>ü", Buffer.from("<meta charset=latin1>ü", "latin1"), "text/html"],
  [
    '<meta http-equiv="Content-Type" content="text/html; charset=windows-1252">€',
    Buffer.from('<meta http-equiv="Content-Type" content="text/html; charset=windows-1252">\x80', "latin1"),
    null,
  ],
])("%j is read in the encoding that is said", (text, given, type) => expect(decode(given, type)).toBe(text.replace("\uFEFF", "")));

test.each([
  [Buffer.from([0xe4]), null, /^The document is not in UTF-8, and nothing says what else it is in\. Save it as UTF-8/],
  [Buffer.from([0xe4]), "text/plain; charset=utf-8", /^The document is said to be in utf-8 and cannot be read as that\. Save/],
  [Buffer.from("a"), "text/plain; charset=klingon", /^The document is said to be in klingon and cannot be read as that\. Save/],
])("%j in an encoding that it is not in is refused", (given, type, sentence) => expect(() => decode(given, type)).toThrow(sentence));
