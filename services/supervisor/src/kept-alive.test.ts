import { expect, test } from "vitest";
import { KeptAlive, type Running } from "./kept-alive.ts";

/** Something that runs until it is ended from outside. */
class Thing {
  readonly #end = Promise.withResolvers<void>();
  readonly ended = this.#end.promise;
  isStopped = false;

  die(): void {
    this.#end.resolve();
  }

  stop(): Promise<void> {
    this.isStopped = true;
    this.#end.resolve();
    return this.ended;
  }
}

/** `launches` says what each launch does; each step is told in `story`. */
function keep(launches: (() => Promise<Running>)[]) {
  const story: string[] = [];
  const returned = Promise.withResolvers<void>();
  const keeper = new KeptAlive({
    name: "thing",
    launch: () => launches.shift()?.() ?? Promise.reject(new Error("no more")),
    onDeath: () => story.push("death"),
    onFailure: () => story.push("failure"),
    onReturn: () => {
      story.push("return");
      returned.resolve();
    },
  });
  return { keeper, story, returned: returned.promise };
}

test("what dies is started again, also after a start that failed", async () => {
  const [first, second] = [new Thing(), new Thing()];
  const { keeper, story, returned } = keep([async () => first, () => Promise.reject(new Error("not yet")), async () => second]);
  await keeper.start();
  first.die();
  await returned;
  expect(story).toEqual(["death", "failure", "return"]);
  await keeper.stop();
  expect(second.isStopped).toBe(true);
});

test("what is stopped does not come back", async () => {
  const thing = new Thing();
  const { keeper, story } = keep([async () => thing]);
  await keeper.start();
  await Promise.all([keeper.stop(), keeper.stop()]);
  expect(story).toEqual([]);
});

test("a stop during a start ends what was starting", async () => {
  const [first, second] = [new Thing(), new Thing()];
  const starting = Promise.withResolvers<void>();
  const started = Promise.withResolvers<Running>();
  const { keeper } = keep([
    async () => first,
    () => {
      starting.resolve();
      return started.promise;
    },
  ]);
  await keeper.start();
  first.die();
  await starting.promise;
  const stopped = keeper.stop();
  started.resolve(second);
  await stopped;
  expect(second.isStopped).toBe(true);
});

test("the first start's failure is the caller's", async () => {
  const { keeper, story } = keep([() => Promise.reject(new Error("bad"))]);
  await expect(keeper.start()).rejects.toThrow("bad");
  await keeper.stop();
  expect(story).toEqual([]);
});
