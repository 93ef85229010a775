/**
 * Sends one file with progress. Browsers tell of an upload's progress through XMLHttpRequest alone; elsewhere (Node) it
 * goes by fetch and tells of its end.
 */
import { ApiError, fetchOk, problemOf } from "./rest.ts";

export interface UploadRequest {
  url: string;
  token: string;
  file: Blob;
  name: string;
  /** From 0 to 1. */
  onProgress?: ((share: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** What is used of an XMLHttpRequest: its types are the browser's alone. */
interface Xhr {
  readonly status: number;
  readonly responseText: string;
  readonly upload: { onprogress: ((event: { loaded: number; total: number }) => void) | null };
  onload: (() => void) | null;
  onerror: (() => void) | null;
  onabort: (() => void) | null;
  open(method: string, url: string): void;
  setRequestHeader(name: string, value: string): void;
  getResponseHeader(name: string): string | null;
  send(body: FormData): void;
  abort(): void;
}

/** The parsed body of an answer of success. A refusal is an ApiError; an abort rejects with the signal's reason. */
export async function uploadFile(request: UploadRequest): Promise<unknown> {
  const { url, token, file, name, onProgress, signal } = request;
  const form = new FormData();
  form.append("file", file, name);
  const Constructor: unknown = Reflect.get(globalThis, "XMLHttpRequest");
  if (isXhrConstructor(Constructor)) return await uploadByXhr(new Constructor(), form, request);
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetchOk(url, { method: "POST", headers, body: form, ...(signal && { signal }) });
  onProgress?.(1);
  return await response.json().catch(() => undefined);
}

function uploadByXhr(xhr: Xhr, form: FormData, { url, token, onProgress, signal }: UploadRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onAbort = () => xhr.abort();
    const settle = (end: () => void) => {
      signal?.removeEventListener("abort", onAbort);
      end();
    };
    if (signal?.aborted) return reject(signal.reason);
    signal?.addEventListener("abort", onAbort);
    xhr.upload.onprogress = ({ loaded, total }) => onProgress?.(total === 0 ? 0 : loaded / total);
    xhr.onload = () => {
      const body = parse(xhr.responseText);
      if (xhr.status >= 200 && xhr.status < 300) settle(() => resolve(body));
      else settle(() => reject(problemOf(xhr.status, body, xhr.getResponseHeader("retry-after"))));
    };
    xhr.onerror = () => settle(() => reject(new ApiError(0, "offline", "The server cannot be reached.")));
    xhr.onabort = () => settle(() => reject(signal?.reason));
    xhr.open("POST", url);
    xhr.setRequestHeader("authorization", `Bearer ${token}`);
    xhr.send(form);
  });
}

function isXhrConstructor(value: unknown): value is new () => Xhr {
  return typeof value === "function";
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a proxy's page
  }
}
