/**
 * What our elements on pages of somebody else have in common: a shadow root with a constructed sheet (the page's style
 * does not reach in, its own does not leak, and a content security policy need not allow inline style), who the reader
 * is, and words that the page hands over.
 */
import { type ComponentChild, render } from "preact";
import { Access } from "./access.ts";

/** Changes of these mean another person or server: connect anew. */
const CONNECTING = ["server", "token"];
const OWN_ORIGIN = new URL(import.meta.url).origin;

/** What an element draws with. */
export interface Drawing<Texts> {
  /** Another one where all is to be made anew. */
  key: number;
  access: Access;
  texts: Texts;
}

export function sheetOf(css: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return sheet;
}

export abstract class WidgetElement<Texts extends object> extends HTMLElement {
  readonly #root = this.attachShadow({ mode: "open" });
  readonly #defaults: Texts;
  #getToken: (() => Promise<string>) | undefined;
  #texts: Partial<Texts> = {};
  #access: Access | undefined;
  #key = 0;
  #isDue = false;

  constructor(sheet: CSSStyleSheet, defaults: Texts) {
    super();
    this.#defaults = defaults;
    this.#root.adoptedStyleSheets = [sheet];
  }

  /** Nothing is drawn without a token to be had. */
  protected abstract view(drawing: Drawing<Texts>): ComponentChild;

  /** Asked for a token at each connect and when one has ended; goes before the attribute `token`. */
  get getToken(): (() => Promise<string>) | undefined {
    return this.#getToken;
  }
  set getToken(getToken: (() => Promise<string>) | undefined) {
    this.#getToken = getToken;
    this.#startAnew();
  }

  /** Words that replace the English ones, by their names. */
  get texts(): Partial<Texts> {
    return this.#texts;
  }
  set texts(texts: Partial<Texts>) {
    this.#texts = texts;
    this.#drawSoon();
  }

  connectedCallback(): void {
    for (const name of ["getToken", "texts"] as const) this.#takeUp(name);
    this.#drawSoon();
  }

  disconnectedCallback(): void {
    this.#drawSoon();
  }

  attributeChangedCallback(name: string): void {
    if (CONNECTING.includes(name)) this.#startAnew();
    else this.#drawSoon();
  }

  /** The page may hand over a newer token now; `getToken` is asked again anyway. */
  protected comeBack(): void {
    this.dispatchEvent(new CustomEvent("drawchat-signed-out"));
    this.#startAnew();
  }

  /** A property that was set before this script was there hides the accessor: it is set again, through it. */
  #takeUp(name: "getToken" | "texts"): void {
    if (!Object.hasOwn(this, name)) return;
    const value: unknown = Reflect.get(this, name);
    Reflect.deleteProperty(this, name);
    Reflect.set(this, name, value);
  }

  #startAnew(): void {
    this.#access = undefined;
    this.#drawSoon();
  }

  /** Once for several changes in a row. An element that is only moved on its page leaves and comes back: it stays connected. */
  #drawSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.#draw();
    });
  }

  #draw(): void {
    if (!this.isConnected || !(this.#getToken || this.hasAttribute("token"))) {
      render(null, this.#root);
      return;
    }
    if (!this.#access) {
      this.#access = this.#newAccess();
      this.#key += 1;
    }
    render(this.view({ key: this.#key, access: this.#access, texts: { ...this.#defaults, ...this.#texts } }), this.#root);
  }

  #newAccess(): Access {
    const server = this.getAttribute("server")?.replace(/\/+$/, "") || OWN_ORIGIN;
    return new Access({ server, token: this.getAttribute("token") ?? undefined, getToken: this.#getToken });
  }
}
