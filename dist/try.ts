import { randomBytes } from "node:crypto";
import { createLog } from "@drawchat/runtime/log";
import { CONTESTANTS } from "../loadtest/bench/contestants.ts";
import { CLIENT_CORE, pin } from "../loadtest/bench/machine.ts";
import { connect, seat } from "../loadtest/bench/seated.ts";
import { startStore } from "../loadtest/bench/store.ts";
import { playTurn } from "../loadtest/bench/turn.ts";

await pin(process.pid, CLIENT_CORE);
const log = createLog("bench", "warn");
const store = await startStore(log);
const arena = { store, log, secret: randomBytes(32).toString("hex"), centrifugo: "/tmp/bin/centrifugo", gatewayEnv: process.env["PROF"] ? { NODE_OPTIONS: process.env["PROF"] } : {} };
const [sockets, seconds, ...what] = process.argv.slice(2);
try {
  for (const w of what) {
    const [name, ...rates] = w.split(",");
    const contestant = CONTESTANTS.find((c) => c.name === name);
    const s = await seat({ arena, contestant: contestant!, sockets: Number(sockets) });
    await connect(s, Number(sockets));
    for (const rate of rates)
      console.log(JSON.stringify(await playTurn(arena, s, { messagesPerSecond: Number(rate), seconds: Number(seconds), textBytes: 20 })));
    await s.stop();
  }
} finally {
  await store.stop();
}
