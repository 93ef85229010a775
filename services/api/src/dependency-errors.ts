/** Tells an error of a store that is away, slow or stopping from a mistake of ours: the first is a 503, the second a 500. */

const NETWORK_CODES = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENOTFOUND", "EAI_AGAIN"]);
/** Classes of SQLSTATE: connection, transaction rollback, resources, operator intervention; 25P03 is an idle transaction. */
const POSTGRES_AWAY = /^(08|40|53|57)[0-9A-Z]{3}$|^25P03$/;
const AWAY_MESSAGES = [
  /timeout exceeded when trying to connect/, // pg: no connection of the pool within connectionTimeoutMillis
  /Query read timeout/,
  /Connection terminated/,
  /Client has encountered a connection error/,
  /Command timed out/, // ioredis from here on
  /Connection is closed/,
  /Stream isn't writeable/,
  /^Cluster is(n't ready| ended)/,
  /^(LOADING|READONLY|MASTERDOWN|OOM|MOVED|ASK|TRYAGAIN|CLUSTERDOWN|Too many Cluster redirections)/,
];

export function isDependencyError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === "MaxRetriesPerRequestError") return true;
  if ("code" in error && typeof error.code === "string" && (NETWORK_CODES.has(error.code) || POSTGRES_AWAY.test(error.code))) return true;
  return AWAY_MESSAGES.some((message) => message.test(error.message));
}
