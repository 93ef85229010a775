/**
 * The chapter of sizes: does a delivery cost the same in a large room? Gateways with 500 to 16,000 sockets take turns. All
 * have the longest tick, which a large room has anyway, and messages come twenty at once and as often: a frame holds as many
 * everywhere.
 */
import type { Arena, Contestant } from "./contestants.ts";
import { turnLine } from "./fan-out.ts";
import type { BenchOptions } from "./options.ts";
import { connect, seatAll } from "./seated.ts";
import { playTurn, type Turn } from "./turn.ts";

export const SIZES_SETTING = { name: "GATEWAY_TICK_MS", value: "250", why: "sizes only: equally many events a frame" } as const;
const MESSAGES = { messagesPerSecond: 80, burst: 20 };

export async function playSizes(
  arena: Arena,
  contestant: Contestant,
  options: BenchOptions,
  tell: (line: string) => void,
): Promise<Turn[][]> {
  const sameTick = { ...arena, gatewayEnv: { ...arena.gatewayEnv, [SIZES_SETTING.name]: SIZES_SETTING.value } };
  const rounds: Turn[][] = [];
  const seated = await seatAll(options.sizes.map((sockets) => ({ arena: sameTick, contestant, sockets })));
  try {
    for (const one of seated) await connect(one, one.planned);
    for (let n = 0; n < options.turns; n += 1) {
      const turns: Turn[] = [];
      for (const one of n % 2 === 0 ? seated : seated.toReversed()) {
        const turn = await playTurn(arena, one, {
          ...MESSAGES,
          seconds: options.seconds,
          textBytes: options.textBytes,
        });
        tell(turnLine(`${contestant.title}, ${one.sockets} sockets`, turn));
        turns.push(turn);
      }
      rounds.push(turns);
    }
    return rounds;
  } finally {
    await Promise.all(seated.map((one) => one.stop()));
  }
}
