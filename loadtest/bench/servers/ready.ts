/** How a server of the benchmark says that it takes connections: the same line as a service of ours. */
export function tellReady(port: number): void {
  process.stdout.write(`${JSON.stringify({ msg: "ready", ports: { public: port } })}\n`);
}
