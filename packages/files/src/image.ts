/**
 * Images are decoded and written anew: what comes out holds pixels and nothing else, whatever was around them. The work
 * is done by sharp's own threads; the event loop stays free.
 */
import { ClientError } from "@drawchat/protocol/errors";
import sharp, { type Sharp } from "sharp";
import type { FileKind } from "./kind.ts";

const MAX_PIXELS = 25_000_000;
const MAX_FRAMES = 100;
const MAX_SECONDS = 10;
const THUMBNAIL = { width: 320, height: 320, fit: "inside", withoutEnlargement: true } as const;
export const THUMBNAIL_TYPE = "image/webp";

// One thread a picture and no cache: how much is done at once is decided by who calls.
sharp.concurrency(1);
sharp.cache(false);
// Other decoders of the library (SVG, TIFF, HEIF, PDF, …) are switched off for good, not merely not asked.
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({
  operation: ["VipsForeignLoadPngBuffer", "VipsForeignLoadJpegBuffer", "VipsForeignLoadWebpBuffer", "VipsForeignLoadNsgifBuffer"],
});

export interface CleanImage {
  readonly bytes: Buffer;
  readonly width: number;
  readonly height: number;
  /** WebP of at most 320 x 320. */
  readonly thumbnail: Buffer;
}

/**
 * The first frame, upright, in sRGB with 8 bits a channel, in the format it came in. Throws `bad_image` where it cannot be
 * read, has over 25 million pixels, over 100 frames, or takes over 10 s.
 */
export async function cleanImage(bytes: Buffer, kind: FileKind): Promise<CleanImage> {
  try {
    // By its header alone: nothing is decoded of an image that is too large.
    const { width, height, pages = 1 } = await sharp(bytes).metadata();
    if (width * height > MAX_PIXELS || pages > MAX_FRAMES) throw new ClientError("bad_image");
    const { data, info } = await encoded(upright(bytes), kind).toBuffer({ resolveWithObject: true });
    const thumbnail = await upright(bytes).resize(THUMBNAIL).webp({ quality: 75, effort: 2 }).toBuffer();
    return { bytes: data, width: info.width, height: info.height, thumbnail };
  } catch (error) {
    if (error instanceof ClientError) throw error;
    // The library knows only one class of errors. They tell what is wrong with the input.
    throw new ClientError("bad_image", { cause: error });
  }
}

/** By what its metadata says about how it was held. */
function upright(bytes: Buffer): Sharp {
  return sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: "error" }).timeout({ seconds: MAX_SECONDS }).autoOrient();
}

function encoded(image: Sharp, { name }: FileKind): Sharp {
  switch (name) {
    case "png":
      return image.png();
    case "jpeg":
      return image.jpeg({ quality: 85 });
    case "webp":
      return image.webp({ quality: 85, effort: 2 }); // the default's 4 takes three times as long
    case "gif":
      return image.gif();
    case "pdf":
      throw new TypeError("a PDF is no image");
  }
}
