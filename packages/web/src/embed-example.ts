/** What a page does that embeds the chat: hand over tokens. Here from the demo sign-in, yours come from your own server. */

async function fetchToken(): Promise<string> {
  const response = await fetch("/demo/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: new URLSearchParams(location.search).get("name") ?? "Guest" }),
  });
  if (!response.ok) throw new Error(`no token: ${response.status}`);
  const { token } = await response.json();
  return token;
}

const chat = document.getElementById("chat");
const note = document.getElementById("note");

/** One person for the life of the page, also when the token is asked for again. */
let signedIn: Promise<string> | undefined;

if (chat) {
  Object.assign(chat, {
    getToken: () => {
      signedIn ??= fetchToken();
      return signedIn.catch((error: unknown) => {
        signedIn = undefined;
        if (note) note.textContent = "This server has no demo sign-in: a page of yours would hand over a token of its own.";
        throw error;
      });
    },
  });
}
