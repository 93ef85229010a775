/** Moves the rooms of a run over the nodes of its Redis Cluster, one after the other, while the run goes on. */
import type { LocalRedisCluster } from "@drawchat/local/redis-cluster";
import { sessionRoom } from "@drawchat/protocol/ids";
import { keys } from "@drawchat/redis/keys";
import { sleep } from "@drawchat/runtime/backoff";

export interface SlotMover {
  /** Resolves with how many were moved, the one in hand included. Rejects where one could not be. */
  stop: () => Promise<number>;
}

/** A room's slot goes to the next node every `everyMs`. */
export function startSlotMover(cluster: LocalRedisCluster, sessions: readonly number[], everyMs: number): SlotMover {
  const stopping = new AbortController();
  const moving = moveSlots(cluster, sessions, everyMs, stopping.signal);
  moving.catch(() => undefined); // told by `stop`
  return {
    stop: () => {
      stopping.abort();
      return moving;
    },
  };
}

async function moveSlots(cluster: LocalRedisCluster, sessions: readonly number[], everyMs: number, signal: AbortSignal): Promise<number> {
  for (let moved = 0; ; moved += 1) {
    await sleep(everyMs, signal);
    const session = sessions[moved % sessions.length];
    if (signal.aborted || session === undefined) return moved;
    const slot = await cluster.slotOf(keys.channel(sessionRoom(session)));
    await cluster.moveSlot(slot, ((await cluster.ownerOf(slot)) + 1) % cluster.nodes.length);
  }
}
