/** What a writer measures. The age of the oldest unstored entry is the one to alert on. */
import type { Metrics } from "@drawchat/runtime/metrics";

export type WriterMetrics = ReturnType<typeof createWriterMetrics>;

export function createWriterMetrics(metrics: Metrics) {
  return {
    rows: metrics.counter("writer_rows_total", "Rows really inserted", ["kind"]),
    repeats: metrics.counter("writer_repeats_total", "Messages that were stored already, under the same id"),
    ghosts: metrics.counter("writer_ghosts_total", "Messages that were stored already under another id, and withdrawn"),
    collisions: metrics.counter("writer_collisions_total", "Messages whose id belongs to another one: alert on any"),
    deadLetters: metrics.counter("writer_dead_letters_total", "Events that Postgres will not take: alert on any", ["code"]),
    droppedLikes: metrics.counter("writer_dropped_likes_total", "Likes of something that is not in the tables"),
    lostEntries: metrics.counter("writer_lost_entries_total", "Entries that Redis lost before they were stored: alert on any"),
    failures: metrics.counter("writer_batch_failures_total", "Batches forgotten and read again", ["code"]),
    batchRows: metrics.histogram("writer_batch_rows", "Events and likes of a batch", [1, 5, 20, 50, 100, 200, 350, 500]),
    batchSeconds: metrics.histogram(
      "writer_batch_seconds",
      "From the read to the removal from the log",
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 6],
    ),
    audienceRows: metrics.counter("writer_viewer_rows_total", "Rows of viewers opened and closed", ["change"]),
    audienceDropped: metrics.counter("writer_audience_dropped_total", "Audience entries that could not be read or stored"),
    audienceSeconds: metrics.histogram("writer_audience_seconds", "Transactions of viewers' rows", [0.005, 0.02, 0.1, 0.5, 2]),
    logEntries: metrics.gauge("writer_log_entries", "Entries in the log", ["partition"]),
    logAge: metrics.gauge("writer_log_age_seconds", "Age of the oldest entry that is not stored", ["partition"]),
    partitions: metrics.gauge("writer_partitions", "Partitions that this writer serves"),
    rebuildsPending: metrics.gauge("writer_rebuilds_pending", "Rooms that Redis lost and the api has not rebuilt yet"),
  };
}
