/**
 * What a page does that embeds the widget: hand over tokens. Here from the demo sign-in, yours come from your own server
 * for whoever is signed in there. The person is kept for the life of the tab, so that a reload finds their conversations.
 */
const KEY = "support-example.token";

async function fetchToken(): Promise<string> {
  const response = await fetch("/demo/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: new URLSearchParams(location.search).get("name") ?? "Guest", role: "customer" }),
  });
  if (!response.ok) throw new Error(`no token: ${response.status}`);
  const { token } = await response.json();
  sessionStorage.setItem(KEY, token);
  return token;
}

/** The token of this tab, while it lasts. */
function keptToken(): string | undefined {
  const token = sessionStorage.getItem(KEY) ?? "";
  try {
    const claims: unknown = JSON.parse(atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")));
    return Number(Object(claims).exp) * 1_000 > Date.now() ? token : undefined;
  } catch {
    return undefined; // none, or none of ours
  }
}

const support = document.getElementById("support");
const note = document.getElementById("note");
let asked: Promise<string> | undefined;

if (support) {
  Object.assign(support, {
    getToken: () => {
      const kept = keptToken();
      if (!kept && sessionStorage.getItem(KEY) !== null) {
        sessionStorage.removeItem(KEY); // it has ended: another one is asked for
        asked = undefined;
      }
      asked ??= kept ? Promise.resolve(kept) : fetchToken();
      return asked.catch((error: unknown) => {
        asked = undefined;
        if (note) note.textContent = "This server has no demo sign-in: a page of yours would hand over a token of its own.";
        throw error;
      });
    },
  });
}
