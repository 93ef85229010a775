/** The page's sign-in: kept for the life of the tab, so that a reload keeps the person and two tabs can be two people. */
const KEY = "drawchat.token";

export function loadToken(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined; // storage forbidden: ask for a name again
  }
}

export function saveToken(token: string): void {
  try {
    sessionStorage.setItem(KEY, token);
  } catch {
    // storage forbidden: the person lasts until the next reload
  }
}

export function forgetToken(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // storage forbidden: nothing was kept
  }
}
