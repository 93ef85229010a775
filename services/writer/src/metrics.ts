/** What a writer measures. The age of the oldest unstored entry is the one to alert on. */
import { Metrics } from "@drawchat/runtime/metrics";

export class WriterMetrics extends Metrics {
  readonly rows = this.counter("writer_rows_total", "Rows really inserted", ["kind"]);
  readonly repeats = this.counter("writer_repeats_total", "Messages that were stored already, under the same id");
  readonly ghosts = this.counter("writer_ghosts_total", "Messages that were stored already under another id, and withdrawn");
  readonly collisions = this.counter("writer_collisions_total", "Messages whose id belongs to another one: alert on any");
  readonly deadLetters = this.counter("writer_dead_letters_total", "Events that Postgres will not take: alert on any", ["code"]);
  readonly droppedLikes = this.counter("writer_dropped_likes_total", "Likes of something that is not in the tables");
  readonly lostEntries = this.counter("writer_lost_entries_total", "Entries that Redis lost before they were stored: alert on any");
  readonly failures = this.counter("writer_batch_failures_total", "Batches forgotten and read again", ["code"]);
  readonly batchRows = this.histogram("writer_batch_rows", "Events and likes of a batch", [1, 5, 20, 50, 100, 200, 350, 500]);
  readonly batchSeconds = this.histogram(
    "writer_batch_seconds",
    "From the read to the removal from the log",
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 6],
  );
  readonly logEntries = this.gauge("writer_log_entries", "Entries in the log", ["partition"]);
  readonly logAge = this.gauge("writer_log_age_seconds", "Age of the oldest entry that is not stored", ["partition"]);
  readonly partitions = this.gauge("writer_partitions", "Partitions that this writer serves");
  readonly rebuildsPending = this.gauge("writer_rebuilds_pending", "Rooms that Redis lost and the api has not rebuilt yet");
}
