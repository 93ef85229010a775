import { deflateSync } from "node:zlib";
import { blackApng, blackPng, chunk } from "@drawchat/testkit/pngs";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { cleanImage } from "./image.ts";
import { sniffKind } from "./kind.ts";

const SCRIPT = "<script>alert(1)</script>";

async function cleaned(bytes: Buffer) {
  const kind = await sniffKind(bytes.subarray(0, 4_100));
  if (kind === undefined) throw new Error("the kind is not known");
  return cleanImage(bytes, kind);
}

/** Left half red, right half blue. */
function picture(width = 60, height = 40) {
  const blue = { create: { width: width / 2, height, channels: 3 as const, background: "#00f" } };
  return sharp({ create: { width, height, channels: 3, background: "#f00" } }).composite([{ input: blue, left: width / 2, top: 0 }]);
}

/** Frames differ, or an encoder would join them. */
function animation(frames: number) {
  const pixels = Buffer.from(Array.from({ length: frames * 10 * 10 * 3 }, (_, i) => (Math.floor(i / 300) % 2) * 255));
  return sharp(pixels, { raw: { width: 10, height: 10 * frames, channels: 3, pageHeight: 10 } });
}

describe("an image", () => {
  test.each(["png", "jpeg", "webp", "gif"] as const)("in %s comes out as what it was, with a thumbnail", async (format) => {
    const { bytes, width, height, thumbnail } = await cleaned(await picture(800, 400).toFormat(format).toBuffer());
    expect(await sharp(bytes).metadata()).toMatchObject({ format, width: 800, height: 400 });
    expect({ width, height }).toEqual({ width: 800, height: 400 });
    expect(await sharp(thumbnail).metadata()).toMatchObject({ format: "webp", width: 320, height: 160 });
  });

  test("smaller than a thumbnail is not enlarged", async () => {
    const { thumbnail } = await cleaned(await picture().png().toBuffer());
    expect(await sharp(thumbnail).metadata()).toMatchObject({ width: 60, height: 40 });
  });

  test("loses what is around its pixels, and is upright by it", async () => {
    const input = await picture()
      .withExif({ IFD0: { ImageDescription: SCRIPT, Copyright: "ann" }, IFD3: { GPSLatitude: "51/1 30/1 0/1", GPSLatitudeRef: "N" } })
      .withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/">${SCRIPT}</x:xmpmeta>`)
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 100 })
      .toBuffer();
    const { bytes, width, height, thumbnail } = await cleaned(input);
    expect(input.includes(SCRIPT)).toBe(true);
    expect({ width, height }).toEqual({ width: 40, height: 60 });
    const { exif, xmp, icc, iptc, orientation } = await sharp(bytes).metadata();
    expect({ exif, xmp, icc, iptc, orientation }).toEqual({});
    expect(bytes.includes("script")).toBe(false);
    // Turned to the right: what was on the left is at the top.
    for (const image of [bytes, thumbnail]) {
      const { dominant } = await sharp(await sharp(image).extract({ left: 5, top: 5, width: 20, height: 10 }).png().toBuffer()).stats();
      expect(dominant.r).toBeGreaterThan(200);
    }
  });

  test("loses what was hung on behind it", async () => {
    const input = Buffer.concat([await picture().png().toBuffer(), Buffer.from(`PK\x03\x04${SCRIPT}`)]);
    const { bytes } = await cleaned(input);
    expect(bytes.includes("script") || bytes.includes("PK\x03\x04")).toBe(false);
  });

  test("in CMYK comes out in sRGB, one of 16 bits a channel with 8", async () => {
    const print = await cleaned(await picture().toColourspace("cmyk").jpeg().toBuffer());
    expect(await sharp(print.bytes).metadata()).toMatchObject({ space: "srgb", channels: 3 });
    const deep = await cleaned(await picture().toColourspace("rgb16").png().toBuffer());
    expect((await sharp(deep.bytes).metadata()).depth).toBe("uchar");
  });

  test("with a colour profile of 100 MB in 100 KB comes out without it", async () => {
    const profile = Buffer.concat([Buffer.from("bomb\0\0"), deflateSync(Buffer.alloc(100_000_000))]);
    const { bytes } = await cleaned(blackPng(20, 20, { before: [chunk("iCCP", profile)] }));
    expect(await sharp(bytes).metadata()).toMatchObject({ width: 20, hasProfile: false });
  });

  test.each(["gif", "webp"] as const)("that moves, in %s, comes out as its first frame", async (format) => {
    const input = await animation(100).toFormat(format).toBuffer();
    expect((await sharp(input).metadata()).pages).toBe(100);
    const { bytes, width, height } = await cleaned(input);
    expect((await sharp(bytes).metadata()).pages ?? 1).toBe(1);
    expect({ width, height }).toEqual({ width: 10, height: 10 });
  });

  test("that moves in PNG comes out as its first frame, however many there are", async () => {
    const { bytes } = await cleaned(blackApng(16, 16, 2_000));
    expect(bytes.includes("acTL") || bytes.includes("fdAT")).toBe(false);
    expect((await sharp(bytes).stats()).channels[0]?.max).toBe(0);
  });

  test("of exactly 25 million pixels is taken", async () => {
    expect(await cleaned(blackPng(5_000, 5_000))).toMatchObject({ width: 5_000, height: 5_000 });
  });
});

describe("an image is refused:", () => {
  test.each<[string, Buffer | Promise<Buffer>]>([
    ["PNG's first bytes and HTML", Buffer.from(`\x89PNG\r\n\x1a\n<html>${SCRIPT}</html>`, "latin1")],
    ["PNG's first bytes alone", Buffer.from("\x89PNG\r\n\x1a\n", "latin1")],
    [
      "a PNG that is cut off",
      picture()
        .png()
        .toBuffer()
        .then((bytes) => bytes.subarray(0, -30)),
    ],
    [
      "a JPEG that is cut off",
      picture(400, 400)
        .jpeg()
        .toBuffer()
        .then((bytes) => bytes.subarray(0, bytes.length / 2)),
    ],
    ["a GIF that is a script", Buffer.from("GIF89a/*\0\0\0\0\0\0\0\0*/=1;alert(1)//;", "latin1")],
    ["30,000 x 30,000 pixels in 29 KB", blackPng(30_000, 30_000)],
    ["5,001 x 5,001 pixels", blackPng(5_001, 5_001)],
    [
      "1 x 25,000,001 pixels",
      Buffer.concat([blackPng(1, 1).subarray(0, 16), Buffer.from([0, 0, 0, 1, 0x01, 0x7d, 0x78, 0x41]), blackPng(1, 1).subarray(24)]),
    ],
    ["a GIF of 101 frames", animation(101).gif().toBuffer()],
    ["a WebP of 101 frames", animation(101).webp().toBuffer()],
  ])("%s", async (_what, input) => {
    await expect(cleaned(await input)).rejects.toMatchObject({ code: "bad_image" });
  });
});
