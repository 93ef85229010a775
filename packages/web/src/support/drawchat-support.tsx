/** `<drawchat-support>`: a button on a page of somebody else that opens one's conversations with the team. */

import { type Drawing, sheetOf, WidgetElement } from "../widget-element.ts";
import { Support } from "./support.tsx";
import { SUPPORT_TEXTS, type SupportTexts } from "./texts.ts";

/** support.css, filled in by build.ts. */
declare const SUPPORT_CSS: string;

const TAG = "drawchat-support";
const sheet = sheetOf(SUPPORT_CSS);

export class DrawchatSupport extends WidgetElement<SupportTexts> {
  /** `open`: the panel is open. `theme` is for the style sheet alone. */
  static readonly observedAttributes = ["server", "token", "open"];

  constructor() {
    super(sheet, SUPPORT_TEXTS);
  }

  protected override view({ key, access, texts }: Drawing<SupportTexts>) {
    return (
      <Support
        key={key}
        access={access}
        texts={texts}
        isOpen={this.hasAttribute("open")}
        onToggle={(isOpen) => this.toggleAttribute("open", isOpen)}
        onUnread={(count) => this.dispatchEvent(new CustomEvent("drawchat-unread", { detail: count }))}
        onSignedOut={() => this.comeBack()}
      />
    );
  }
}

if (!customElements.get(TAG)) customElements.define(TAG, DrawchatSupport);
