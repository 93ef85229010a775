/** A message's file: an image as a picture that opens large, anything else as a card to download. */
import type { Attachment } from "@drawchat/protocol/conversations";
import { useEffect, useRef, useState } from "preact/hooks";
import { CloseIcon, DownloadIcon, FileIcon } from "../icons.tsx";
import { type Files, isImage } from "./files.ts";
import { fill, useTexts } from "./texts.ts";
import { formatBytes } from "./times.ts";

interface AttachmentProps {
  attachment: Attachment;
  files: Files;
}

export function AttachmentView(props: AttachmentProps) {
  return isImage(props.attachment) ? <Picture {...props} /> : <FileCard {...props} />;
}

/** Of its own shape from the start on, so that nothing moves when it comes. */
function Picture({ attachment, files }: AttachmentProps) {
  const texts = useTexts();
  const { url, hasFailed, load } = useFileUrl(attachment, files, "thumbnail");
  const [isOpen, setIsOpen] = useState(false);
  const { name, width, height } = attachment;
  return (
    <>
      <button
        class="picture"
        type="button"
        aria-label={fill(texts.openImage, { name })}
        style={{ aspectRatio: `${width ?? 4} / ${height ?? 3}`, "--width": `${width ?? 320}px` }}
        onClick={() => (hasFailed ? load() : setIsOpen(true))}
      >
        {url !== undefined && <img src={url} alt={fill(texts.image, { name })} />}
        {hasFailed && <span class="failure">{texts.fileFailed}</span>}
      </button>
      {isOpen && <Large attachment={attachment} files={files} onClose={() => setIsOpen(false)} />}
    </>
  );
}

function Large({ attachment, files, onClose }: AttachmentProps & { onClose: () => void }) {
  const texts = useTexts();
  const dialog = useRef<HTMLDialogElement>(null);
  const { url, hasFailed } = useFileUrl(attachment, files, "whole");
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      class="large"
      ref={dialog}
      aria-label={fill(texts.image, { name: attachment.name })}
      onClose={onClose}
      onKeyDown={(event) => event.stopPropagation()} // Escape closes the dialog, and nothing else
      onClick={({ target, currentTarget }) => target === currentTarget && currentTarget.close()}
    >
      {url !== undefined && <img src={url} alt={fill(texts.image, { name: attachment.name })} />}
      {hasFailed && <p>{texts.fileFailed}</p>}
      <div class="large-tools">
        <button
          class="bare"
          type="button"
          aria-label={fill(texts.downloadFile, { name: attachment.name })}
          onClick={() => void files.save(attachment)}
        >
          <DownloadIcon />
        </button>
        <button class="bare" type="button" aria-label={texts.closeImage} onClick={() => dialog.current?.close()}>
          <CloseIcon />
        </button>
      </div>
    </dialog>
  );
}

function FileCard({ attachment, files }: AttachmentProps) {
  const texts = useTexts();
  const [hasFailed, setHasFailed] = useState(false);
  const save = async () => {
    setHasFailed(false);
    await files.save(attachment).catch(() => setHasFailed(true));
  };
  return (
    <div class="file-card">
      <FileIcon />
      <div>
        <p class="file-name">{attachment.name}</p>
        <p class="file-size">{hasFailed ? texts.fileFailed : formatBytes(attachment.size_bytes)}</p>
      </div>
      <button
        class="bare"
        type="button"
        title={texts.download}
        aria-label={fill(texts.downloadFile, { name: attachment.name })}
        onClick={() => void save()}
      >
        <DownloadIcon />
      </button>
    </div>
  );
}

function useFileUrl(attachment: Attachment, files: Files, size: "thumbnail" | "whole") {
  const [url, setUrl] = useState<string>();
  const [hasFailed, setHasFailed] = useState(false);
  const load = () => {
    setHasFailed(false);
    files.url(attachment, size).then(setUrl, () => setHasFailed(true));
  };
  useEffect(load, [attachment.upload_id, files, size]);
  return { url, hasFailed, load };
}
