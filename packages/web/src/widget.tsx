/**
 * `<drawchat-live>`: the chat on a page of somebody else. Its style is in a shadow root, as a constructed sheet: the
 * page's style does not reach in, its own does not leak, and a content security policy need not allow inline style.
 */
import { render } from "preact";
import { Access } from "./access.ts";
import { Chat } from "./chat.tsx";
import { TEXTS, type Texts } from "./texts.ts";

/** chat.css, filled in by build.ts. */
declare const CHAT_CSS: string;

const TAG = "drawchat-live";
/** Changes of these mean another conversation: connect anew. `theme` is for the style sheet alone. */
const CONNECTING = ["server", "session", "token"];
const OWN_ORIGIN = new URL(import.meta.url).origin;

const sheet = new CSSStyleSheet();
sheet.replaceSync(CHAT_CSS);

export class DrawchatLive extends HTMLElement {
  static readonly observedAttributes = CONNECTING;

  readonly #root = this.attachShadow({ mode: "open" });
  #getToken: (() => Promise<string>) | undefined;
  #texts: Partial<Texts> = {};
  #access: Access | undefined;
  /** Counts conversations: another number is drawn from scratch. */
  #conversation = 0;
  #isDue = false;

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [sheet];
  }

  /** Asked for a token at each connect and when one has ended; goes before the attribute `token`. */
  get getToken(): (() => Promise<string>) | undefined {
    return this.#getToken;
  }
  set getToken(getToken: (() => Promise<string>) | undefined) {
    this.#getToken = getToken;
    this.#startAnew();
  }

  /** Words that replace the English ones, by their names in texts.ts. */
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

  attributeChangedCallback(): void {
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
      this.#conversation += 1;
    }
    const texts = { ...TEXTS, ...this.#texts };
    render(
      <Chat
        key={this.#conversation}
        access={this.#access}
        texts={texts}
        sessionId={this.#sessionId}
        place="widget"
        onSignedOut={() => this.#comeBack()}
      />,
      this.#root,
    );
  }

  /** The page may hand over a newer token now; `getToken` is asked again anyway. */
  #comeBack(): void {
    this.dispatchEvent(new CustomEvent("drawchat-signed-out"));
    this.#startAnew();
  }

  #newAccess(): Access {
    const server = this.getAttribute("server")?.replace(/\/+$/, "") || OWN_ORIGIN;
    return new Access({ server, token: this.getAttribute("token") ?? undefined, getToken: this.#getToken });
  }

  get #sessionId(): number | undefined {
    const id = Number(this.getAttribute("session"));
    return Number.isSafeInteger(id) && id > 0 ? id : undefined;
  }
}

if (!customElements.get(TAG)) customElements.define(TAG, DrawchatLive);
