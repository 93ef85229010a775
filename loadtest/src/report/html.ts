/** HTML that is safe by how it is made: what is put into a template is text, unless it was made by a template itself. */

/** Markup. Made by `html` and `markup` alone. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Html | string | number | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(strings.map((text, n) => text + (n < values.length ? textOf(values[n] ?? "") : "")).join(""));
}

/** Text that is markup already: our own style and script, never anything from a report. */
export function markup(text: string): Html {
  return new Html(text);
}

function textOf(content: Content): string {
  if (content instanceof Html) return content.text;
  if (typeof content === "string") return content.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
  return typeof content === "number" ? String(content) : content.map(textOf).join("");
}

/** JSON for a script element: no text in it can end the element or begin a comment. */
export function jsonForScript(value: unknown): Html {
  return new Html(JSON.stringify(value).replaceAll("<", "\\u003c"));
}

export interface Column {
  readonly head: string;
  /** Right-aligned, digits of one width. Default false. */
  readonly isNumber?: boolean;
}

/** A table with real headers: each row's first cell names the row. Nothing where there are no rows. */
export function table(caption: string, columns: readonly Column[], rows: readonly (readonly Content[])[]): Html {
  if (rows.length === 0) return html``;
  const alignment = (column: number) => (columns[column]?.isNumber ? html` class="number"` : html``);
  const head = columns.map(({ head }, n) => html`<th scope="col"${alignment(n)}>${head}</th>`);
  const body = rows.map(
    ([name = "", ...cells]) =>
      html`<tr><th scope="row">${name}</th>${cells.map((cell, n) => html`<td${alignment(n + 1)}>${cell}</td>`)}</tr>\n`,
  );
  // Wide tables scroll by themselves, by keyboard too, so that the page does not.
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${body}</tbody>
</table></div>`;
}
