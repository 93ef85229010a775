/** For a container's health check: exit status 0 while the process answers on its private port. */
const port = process.env.PRIVATE_PORT ?? "9000";
const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(2_000) }).then(
  (response) => response.ok,
  () => false,
);
process.exit(answer ? 0 : 1);
