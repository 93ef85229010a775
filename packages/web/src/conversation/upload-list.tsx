/** Files that are to be sent: how far they are, what went wrong, and a way to leave them out. */
import { CloseIcon, FileIcon } from "../icons.tsx";
import type { PendingUpload, PendingUploads } from "./pending-uploads.ts";
import { fill, useTexts } from "./texts.ts";
import { formatBytes } from "./times.ts";

export function UploadList({ uploads }: { uploads: PendingUploads }) {
  const texts = useTexts();
  const { list } = uploads;
  return (
    <>
      {list.length > 0 && (
        <ul class="uploads" aria-label={texts.attachments}>
          {list.map((upload) => (
            <UploadItem key={upload.key} upload={upload} uploads={uploads} />
          ))}
        </ul>
      )}
      <p class="unseen" role="status">
        {list.map((upload) => wordsOf(upload)).join(" ")}
      </p>
    </>
  );

  /** Steps of a quarter: each of them is said. */
  function wordsOf({ name, share, attachment, problem }: PendingUpload): string {
    if (problem) return fill(texts[problem], { name });
    return attachment ? fill(texts.uploaded, { name }) : fill(texts.uploading, { name, count: Math.floor(share * 4) * 25 });
  }
}

function UploadItem({ upload, uploads }: { upload: PendingUpload; uploads: PendingUploads }) {
  const texts = useTexts();
  const { key, name, size, previewUrl, share, attachment, problem } = upload;
  return (
    <li class={problem ? "upload failed" : "upload"}>
      {previewUrl === undefined ? <FileIcon /> : <img src={previewUrl} alt="" />}
      <div class="upload-about">
        <p class="file-name">{name}</p>
        {problem ? (
          <p class="failure">
            {fill(texts[problem], { name })}
            {RETRYABLE.has(problem) && (
              <button type="button" onClick={() => uploads.retry(key)}>
                {texts.tryAgain}
              </button>
            )}
          </p>
        ) : attachment ? (
          <p class="file-size">{formatBytes(size)}</p>
        ) : (
          <progress value={share} max={1} aria-label={fill(texts.uploading, { name, count: Math.round(share * 100) })} />
        )}
      </div>
      <button class="bare" type="button" aria-label={fill(texts.cancelUpload, { name })} onClick={() => uploads.remove(key)}>
        <CloseIcon />
      </button>
    </li>
  );
}

const RETRYABLE: ReadonlySet<string> = new Set(["uploadTooFast", "uploadFull", "uploadFailed"]);
