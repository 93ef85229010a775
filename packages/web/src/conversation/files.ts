/** The bytes of attachments: they need the token, so an `<img src>` of theirs cannot ask for them by itself. */
import type { ConversationsApi } from "@drawchat/client/conversations-api";
import type { Attachment } from "@drawchat/protocol/conversations";

export class Files {
  readonly #api: ConversationsApi;
  readonly #urls = new Map<string, Promise<string>>();

  constructor(api: ConversationsApi) {
    this.#api = api;
  }

  /** A URL that lasts until `release`. One that failed is asked for again at the next call. */
  url({ upload_id: id }: Attachment, size: "thumbnail" | "whole"): Promise<string> {
    const key = `${id} ${size}`;
    const known = this.#urls.get(key);
    if (known !== undefined) return known;
    const url = this.#api.downloadFile(id, { thumbnail: size === "thumbnail" }).then((blob) => URL.createObjectURL(blob));
    this.#urls.set(key, url);
    url.catch(() => this.#urls.delete(key));
    return url;
  }

  /** Hands the file to the browser to be kept, under its name. */
  async save(attachment: Attachment): Promise<void> {
    const link = document.createElement("a");
    link.href = await this.url(attachment, "whole");
    link.download = attachment.name;
    link.click();
  }

  release(): void {
    for (const url of this.#urls.values()) void url.then(URL.revokeObjectURL, () => undefined);
    this.#urls.clear();
  }
}

export function isImage({ content_type: type }: Pick<Attachment, "content_type">): boolean {
  return type.startsWith("image/");
}
