/**
 * What a session shows beside its sequence: likes and viewers. All absolute values, so they may be merged: told to sockets
 * at once when quiet, otherwise at a pace: four times a second, or slower where the gateway is loaded or the room is large and quiet.
 */

import type { LikeTarget } from "@drawchat/redis/keys";
import type { Control } from "@drawchat/redis/publication";
import type { RoomState } from "@drawchat/redis/room-state";
import { Paced } from "./paced.ts";
import type { RoomSockets } from "./room-sockets.ts";

/** Likes kept per message: beyond it, those of the oldest messages are forgotten (REST has them). */
const MAX_TARGETS = 5_000;

export class RoomCounts {
  readonly #sockets: RoomSockets;
  readonly #pace: Paced;
  #likes = new Map<LikeTarget, number>();
  #viewers = 0;
  #changedLikes = new Set<LikeTarget>();
  #isViewersChanged = false;

  constructor(sockets: RoomSockets, gapMs: () => number) {
    this.#sockets = sockets;
    this.#pace = new Paced(
      gapMs,
      () => this.#tell(),
      () => sockets.seats.size,
    );
  }

  /** Everything anew: a join or a reset. Says nothing. */
  begin(state: RoomState): void {
    this.#likes = new Map(state.likes);
    this.#viewers = state.viewers;
    this.#changedLikes.clear();
    this.#isViewersChanged = false;
  }

  /** Values read beside a repair: what was told while we did not listen is lost, but these are absolute. */
  noteRead(viewers: number, likes: ReadonlyMap<LikeTarget, number>): void {
    this.#setViewers(viewers);
    for (const [target, count] of likes) this.#setLikes(target, count);
    this.#schedule();
  }

  note(control: Extract<Control, { type: "counts" }>): void {
    if (control.viewers !== undefined) this.#setViewers(control.viewers);
    if (control.total_likes !== undefined) this.#setLikes("s", control.total_likes);
    for (const [target, likes] of Object.entries(control.likes ?? {})) this.#setLikes(`${Number(target)}`, likes);
    this.#schedule();
  }

  /** All counts for one socket that just came: totals, and the likes of the messages it was sent. */
  snapshotFrame(messageIds: readonly number[]): string {
    const likes: Record<string, number> = {};
    for (const id of messageIds) {
      const count = this.#likes.get(`${id}`);
      if (count !== undefined && count > 0) likes[id] = count;
    }
    return JSON.stringify({ type: "counts", viewers: this.#viewers, total_likes: this.#likes.get("s") ?? 0, likes });
  }

  /** To be called when the sockets got more events. */
  noteFlushed(): void {
    this.#pace.ride();
  }

  stop(): void {
    this.#pace.stop();
  }

  #setViewers(viewers: number): void {
    if (viewers === this.#viewers) return;
    this.#viewers = viewers;
    this.#isViewersChanged = true;
  }

  #setLikes(target: LikeTarget, likes: number): void {
    if (this.#likes.get(target) === likes) return;
    this.#likes.set(target, likes);
    this.#changedLikes.add(target);
    if (this.#likes.size > MAX_TARGETS) this.#forgetOldest();
  }

  #forgetOldest(): void {
    const oldest = [...this.#likes.keys()].filter((target) => target !== "s").sort((a, b) => Number(a) - Number(b));
    for (const target of oldest.slice(0, MAX_TARGETS / 5)) this.#likes.delete(target);
  }

  #schedule(): void {
    if (this.#isViewersChanged || this.#changedLikes.size > 0) this.#pace.schedule();
  }

  #tell(): void {
    const isLikesChanged = this.#changedLikes.size > 0;
    if (isLikesChanged) this.#tellV1();
    if (isLikesChanged || this.#isViewersChanged) this.#sockets.publishV2(this.#changesFrame());
    this.#changedLikes.clear();
    this.#isViewersChanged = false;
  }

  #tellV1(): void {
    for (const target of this.#changedLikes) {
      const likes = this.#likes.get(target) ?? 0;
      this.#sockets.publishV1(
        target === "s"
          ? `{"type":"session_like_update","total_likes":${likes}}`
          : `{"type":"message_like_update","message_id":${target},"likes":${likes}}`,
      );
    }
  }

  #changesFrame(): string {
    const likes: Record<string, number> = {};
    for (const target of this.#changedLikes) if (target !== "s") likes[target] = this.#likes.get(target) ?? 0;
    return JSON.stringify({
      type: "counts",
      ...(this.#isViewersChanged ? { viewers: this.#viewers } : {}),
      ...(this.#changedLikes.has("s") ? { total_likes: this.#likes.get("s") ?? 0 } : {}),
      ...(Object.keys(likes).length > 0 ? { likes } : {}),
    });
  }
}
