import { expect, test } from "vitest";
import { reportPage } from "./page.ts";
import { repeatCommand } from "./repeat-command.ts";
import { dirtyCertificate, sampleHop, sampleReport } from "./sample-report.ts";
import { verdictOf } from "./verdict.ts";

test("a verdict says what is clean, and what nobody watched", () => {
  const { kind, sentences } = verdictOf(sampleReport());
  expect(kind).toBe("clean");
  expect(sentences).toEqual([
    "The ledger watched 2 rooms at 22 hops; sockets received 1,728,000 deliveries once.",
    "Rightly not delivered, by declared rules: rate_limited 24 messages.",
    "Nobody watched: stored. Of these nothing is said.",
  ]);
});

test("what was left out live is told once, as the deliveries that it was, however many hops name it", () => {
  const sampled = ["handed", "received"] as const;
  const hops = sampled.map((hop) => sampleHop(hop, "gateway-1", { skipped: { sampled: hop === "handed" ? 2 : 2_000 } }));
  const { sentences } = verdictOf(
    sampleReport({ certificate: { rooms: [{ room: "s1", hops }], isClean: true, findings: [], moreFindings: 0 } }),
  );
  expect(sentences[1]).toBe("Rightly not delivered, by declared rules: sampled 2,000 deliveries.");
});

test("a verdict names what is lost and doubled, and the hop that did it", () => {
  const { kind, headline, sentences } = verdictOf(sampleReport({ certificate: dirtyCertificate() }));
  expect([kind, headline]).toEqual(["not clean", "Not clean: 2 lost, 1 doubled"]);
  expect(sentences[1]).toBe("Room s1, handed, gateway-2: 2 lost, 1 doubled of 216,000 owed.");
});

test("a void run proves nothing, however clean, and hides neither loss nor fault", () => {
  const reason = "the generator was the bottleneck";
  const { kind, sentences } = verdictOf(sampleReport({ void: reason }));
  expect(kind).toBe("void");
  expect(sentences[0]).toBe("The generator was the bottleneck.");
  const dirty = verdictOf(sampleReport({ void: reason, certificate: dirtyCertificate() }));
  expect(dirty).toMatchObject({ kind: "not clean", headline: "Void, and not clean: 2 lost, 1 doubled" });
  expect(dirty.sentences[0]).toBe("The generator was the bottleneck.");
  expect(verdictOf(sampleReport({ void: reason, faults: ["3 likes are missing"] })).kind).toBe("not clean");
});

test("a fault that was found beside the ledger makes a run not clean, whatever its certificate says", () => {
  const { kind, headline, sentences } = verdictOf(sampleReport({ faults: ["3 likes are missing in the table"] }));
  expect([kind, headline, sentences[0]]).toEqual(["not clean", "Not clean: 1 fault found", "3 likes are missing in the table."]);
});

test("a run without a ledger is not called clean", () => {
  const { certificate: _, ...report } = sampleReport();
  expect(verdictOf(report).kind).toBe("unchecked");
});

test("a hop that nobody watched is never faulty", () => {
  const hops = [sampleHop("stored", "", { isObserved: false, once: 0, lost: 9 })];
  const certificate = { isClean: true, rooms: [{ room: "s1", hops }], findings: [], moreFindings: 0 };
  expect(verdictOf({ certificate }).sentences.join(" ")).not.toContain("lost");
});

test("the command repeats a run, quoted for a shell", () => {
  const options = { sockets: 8_000, ownCluster: true, pinned: false, room: "it's one" };
  expect(repeatCommand({ scenario: "storm", seed: 7, options })).toBe(
    String.raw`npm run load -- storm --sockets 8000 --own-cluster --room 'it'\''s one' --seed 7`,
  );
});

test("no text of a report becomes markup, in tables and in the data of charts", () => {
  const evil = "</script><img src=x onerror=alert(1)>&\"'<!--";
  const series = [{ group: "cpu" as const, name: evil, unit: evil, points: [[0, 1] as [number, number]] }];
  const page = reportPage(
    sampleReport({ notes: [evil], void: evil, series, options: { room: evil }, steps: [{ name: evil, figures: { [evil]: 1 } }] }),
  );
  expect(page).not.toContain("<img");
  expect(page.match(/<\/script>/g)).toHaveLength(2);
  expect(page).not.toContain("<!--");
  const [, data = ""] = /id="curves">(.*?)<\/script>/s.exec(page) ?? [];
  expect(JSON.parse(data)).toMatchObject([{ names: [evil] }, { unit: "ms" }]);
});

test("a screen reader gets the least, median and highest of each curve", () => {
  const points = [10, 30, 20].map((value, second): [number, number] => [second, value]);
  const page = reportPage(sampleReport({ series: [{ group: "latency", name: "delivered p99", unit: "ms", points }] }));
  expect(page).toContain('aria-label="Latency, ms over time. delivered p99: least 10 ms, median 20 ms, highest 30 ms."');
});
