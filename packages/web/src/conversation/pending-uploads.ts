/** Files on their way: each goes up at once when it is chosen, and waits here until the message is sent. */
import type { UploadOptions } from "@drawchat/client/conversations-api";
import { ApiError } from "@drawchat/client/rest";
import type { Attachment } from "@drawchat/protocol/conversations";
import type { ConversationTextName } from "./texts.ts";

const FILE_MAX_BYTES = 10 * 1024 * 1024;
export const FILE_TYPES = ["image/png", "image/jpeg", "image/webp", "image/gif", "application/pdf"];

export interface PendingUpload {
  readonly key: string;
  readonly name: string;
  readonly size: number;
  /** Of an image that was chosen on this page. */
  readonly previewUrl: string | undefined;
  /** From 0 to 1. */
  readonly share: number;
  /** There once it is up. */
  readonly attachment: Attachment | undefined;
  readonly problem: ConversationTextName | undefined;
}

interface Entry {
  shown: PendingUpload;
  file: File | undefined;
  cancelling: AbortController;
}

export interface PendingUploadsOptions {
  upload: (file: File, options: UploadOptions) => Promise<Attachment>;
  onChange: () => void;
}

const WORDS: Readonly<Record<string, ConversationTextName>> = {
  too_large: "uploadTooLarge",
  type_mismatch: "uploadKind",
  bad_image: "uploadBad",
  bad_pdf: "uploadBad",
  bad_multipart: "uploadBad",
  active_pdf: "uploadActive",
  rate_limited: "uploadTooFast",
  storage_full: "uploadFull",
};

export class PendingUploads {
  readonly #options: PendingUploadsOptions;
  #entries: Entry[] = [];

  /** `ready`: what an earlier page had uploaded and not sent. */
  constructor(options: PendingUploadsOptions, ready: readonly Attachment[] = []) {
    this.#options = options;
    this.#entries = ready.map((attachment) => entryOf(attachment));
  }

  get list(): PendingUpload[] {
    return this.#entries.map(({ shown }) => shown);
  }

  get isBusy(): boolean {
    return this.#entries.some(({ shown }) => !shown.attachment && !shown.problem);
  }

  get ready(): Attachment[] {
    return this.#entries.flatMap(({ shown }) => shown.attachment ?? []);
  }

  add(files: Iterable<File>): void {
    for (const file of files) {
      const previewUrl = file.type.startsWith("image/") ? URL.createObjectURL(file) : undefined;
      const shown = { key: crypto.randomUUID(), name: file.name, size: file.size, previewUrl, share: 0, attachment: undefined };
      const entry: Entry = { shown: { ...shown, problem: refusalOf(file) }, file, cancelling: new AbortController() };
      this.#entries.push(entry);
      if (!entry.shown.problem) void this.#send(entry, file);
    }
    this.#options.onChange();
  }

  /** Tries a failed one again. */
  retry(key: string): void {
    const entry = this.#entries.find(({ shown }) => shown.key === key);
    if (!entry?.file || !entry.shown.problem) return;
    this.#set(entry, { problem: undefined, share: 0 });
    void this.#send(entry, entry.file);
  }

  /** Ends it, or lets it go. */
  remove(key: string): void {
    const entry = this.#entries.find(({ shown }) => shown.key === key);
    if (!entry) return;
    this.#entries = this.#entries.filter((other) => other !== entry);
    forget(entry);
    this.#options.onChange();
  }

  /** The files that are up; they are let go. Those that failed stay. */
  take(): Attachment[] {
    const { ready } = this;
    for (const { shown } of [...this.#entries]) if (shown.attachment) this.remove(shown.key);
    return ready;
  }

  /** Ends all of it. */
  stop(): void {
    for (const entry of this.#entries.splice(0)) forget(entry);
  }

  async #send(entry: Entry, file: File): Promise<void> {
    const { signal } = entry.cancelling;
    try {
      const attachment = await this.#options.upload(file, { signal, onProgress: (share) => this.#set(entry, { share }) });
      this.#set(entry, { attachment, share: 1 });
    } catch (error) {
      if (!signal.aborted) this.#set(entry, { problem: wordsOf(error) });
    }
  }

  #set(entry: Entry, part: Partial<PendingUpload>): void {
    entry.shown = { ...entry.shown, ...part };
    this.#options.onChange();
  }
}

function entryOf(attachment: Attachment): Entry {
  const { upload_id: key, name, size_bytes: size } = attachment;
  return {
    shown: { key, name, size, previewUrl: undefined, share: 1, attachment, problem: undefined },
    file: undefined,
    cancelling: new AbortController(),
  };
}

function forget({ shown, cancelling }: Entry): void {
  cancelling.abort();
  if (shown.previewUrl) URL.revokeObjectURL(shown.previewUrl);
}

/** What needs no server to be known. */
function refusalOf({ size, type }: File): ConversationTextName | undefined {
  if (size > FILE_MAX_BYTES) return "uploadTooLarge";
  return FILE_TYPES.includes(type) ? undefined : "uploadKind";
}

function wordsOf(error: unknown): ConversationTextName {
  return error instanceof ApiError ? (WORDS[error.code] ?? "uploadFailed") : "uploadFailed";
}
