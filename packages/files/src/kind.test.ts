import { expect, test } from "vitest";
import { sniffKind } from "./kind.ts";

const latin1 = (text: string) => Buffer.from(text, "latin1");
const padded = (text: string) => Buffer.concat([latin1(text), Buffer.alloc(200)]);

test.each([
  ["HTML", latin1("<!doctype html><script>alert(1)</script>")],
  ["a program of Windows", padded("MZ\x90\0\x03\0\0\0")],
  ["a program of Linux", padded("\x7fELF\x02\x01\x01")],
  ["ZIP", padded("PK\x03\x04\x14\0")],
  ["PHP", latin1("<?php system('id');")],
  ["a shell script", latin1("#!/bin/sh\nid")],
  ["SVG", latin1('<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>')],
  ["SVG with a script", latin1('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')],
  ["SVG with an entity", latin1('<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>')],
  ["TIFF", padded("II*\0\x08\0\0\0")],
  ["BMP", padded("BM")],
  ["ICO", padded("\0\0\x01\0\x01\0")],
  ["HEIC", padded("\0\0\0\x18ftypheic\0\0\0\0mif1heic")],
  ["AVIF", padded("\0\0\0\x18ftypavif\0\0\0\0mif1avif")],
  ["PostScript", latin1("%!PS-Adobe-3.0 EPSF-3.0\n")],
  ["a PDF behind 500 bytes of HTML", latin1(`<html>${" ".repeat(494)}%PDF-1.7\n`)],
  ["a PDF behind a blank", latin1(" %PDF-1.7\n")],
  ["a PDF behind a byte order mark", Buffer.from("\ufeff%PDF-1.7\n")],
  ["nothing", Buffer.alloc(0)],
  ["zeros", Buffer.alloc(4_100)],
])("%s is of no kind that is taken", async (_what, head) => {
  expect(await sniffKind(head)).toBeUndefined();
});

test.each([
  ["image/png", latin1("\x89PNG\r\n\x1a\n")],
  ["image/jpeg", latin1("\xff\xd8\xff\xe0\0\x10JFIF\0")],
  ["image/gif", latin1("GIF89a\x01\0\x01\0")],
  ["image/webp", padded("RIFF\x10\0\0\0WEBPVP8 ")],
  ["application/pdf", latin1("%PDF-1.7\n<html>")],
])("%s is known by its first bytes", async (contentType, head) => {
  expect((await sniffKind(head))?.contentType).toBe(contentType);
});
