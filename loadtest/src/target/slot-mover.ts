/** Moves the rooms of a run over the nodes of its Redis Cluster, one after the other, while the run goes on. */
import type { LocalRedisCluster } from "@drawchat/local/redis-cluster";
import { sessionRoom } from "@drawchat/protocol/ids";
import { keys } from "@drawchat/redis/keys";
import { sleep } from "@drawchat/runtime/backoff";

export interface SlotMoves {
  readonly everyMs: number;
  /** Different ones. */
  readonly slots: number;
  /** Of all of them together. */
  readonly moves: number;
}

export interface SlotMover {
  /** So far. */
  readonly moved: SlotMoves;
  /** Resolves when the move in hand is over. Rejects where one could not be made. */
  stop: () => Promise<void>;
}

/** A room's slot goes to the next node every `everyMs`. */
export function startSlotMover(cluster: LocalRedisCluster, sessions: readonly number[], everyMs: number): SlotMover {
  const stopping = new AbortController();
  const slots = new Set<number>();
  let moves = 0;
  const move = async () => {
    for (;;) {
      await sleep(everyMs, stopping.signal);
      const session = sessions[moves % sessions.length];
      if (stopping.signal.aborted || session === undefined) return;
      const slot = await cluster.slotOf(keys.channel(sessionRoom(session)));
      await cluster.moveSlot(slot, ((await cluster.ownerOf(slot)) + 1) % cluster.nodes.length);
      slots.add(slot);
      moves += 1;
    }
  };
  const moving = move();
  moving.catch(() => undefined); // told by `stop`
  return {
    get moved() {
      return { everyMs, slots: slots.size, moves };
    },
    stop: () => {
      stopping.abort();
      return moving;
    },
  };
}
