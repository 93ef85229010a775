/** `<drawchat-live>`: the chat on a page of somebody else. */
import { Chat } from "./chat.tsx";
import { TEXTS, type Texts } from "./texts.ts";
import { type Drawing, sheetOf, WidgetElement } from "./widget-element.ts";

/** chat.css, filled in by build.ts. */
declare const CHAT_CSS: string;

const TAG = "drawchat-live";
const sheet = sheetOf(CHAT_CSS);

export class DrawchatLive extends WidgetElement<Texts> {
  /** `theme` is for the style sheet alone. */
  static readonly observedAttributes = ["server", "session", "token"];

  constructor() {
    super(sheet, TEXTS);
  }

  /** Another session is another conversation: all of it is made anew. */
  protected override view({ key, access, texts }: Drawing<Texts>) {
    const session = this.#sessionId;
    return (
      <Chat
        key={`${key} ${session}`}
        access={access}
        texts={texts}
        sessionId={session}
        place="widget"
        onSignedOut={() => this.comeBack()}
      />
    );
  }

  get #sessionId(): number | undefined {
    const id = Number(this.getAttribute("session"));
    return Number.isSafeInteger(id) && id > 0 ? id : undefined;
  }
}

if (!customElements.get(TAG)) customElements.define(TAG, DrawchatLive);
