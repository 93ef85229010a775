/** Keeps the rows of live sessions in step with time. The rows follow: who may post is judged by Redis alone. */
import type { Db } from "@drawchat/db/connect";
import { adoptDailyDraws, ensureDailySessions, moveSessions } from "@drawchat/db/session-changes";
import type { RedisClient } from "@drawchat/redis/connect";
import { redisNowMs } from "@drawchat/redis/time";
import type { Log } from "@drawchat/runtime/log";
import type { DrawConfig } from "@drawchat/schedule/draw-config";
import { dailyDrawsAround } from "@drawchat/schedule/window";

export interface ScheduleParts {
  db: Db;
  redis: RedisClient;
  log: Log;
  draw: DrawConfig;
  hours: { pre: number; post: number };
}

/** Makes the daily sessions that are due and moves every session's `state` and `is_active` on. Harmless to repeat. */
export async function runSchedule({ db, redis, log, draw, hours }: ScheduleParts): Promise<void> {
  const nowMs = await redisNowMs(redis);
  const made = await ensureDailySessions(db, dailyDrawsAround(draw, hours, nowMs), nowMs);
  for (const session of made) log.info({ component: "live_chat", session: session.id, draw_date: session.drawDate }, "daily session made");
  const { opened, closed } = await moveSessions(db, nowMs);
  for (const session of opened) log.info({ component: "live_chat", session }, "session opened");
  for (const session of closed) log.info({ component: "live_chat", session }, "session closed");
}

/** At start: daily sessions that are not over follow the configuration of this start. */
export async function adoptConfiguration({ db, redis, log, draw, hours }: ScheduleParts): Promise<void> {
  const nowMs = await redisNowMs(redis);
  const changed = await adoptDailyDraws(db, dailyDrawsAround(draw, hours, nowMs), nowMs);
  for (const { id, state, drawDate } of changed) {
    log.info({ component: "live_chat", session: id, state, draw_date: drawDate }, "daily session follows a changed configuration");
  }
}
