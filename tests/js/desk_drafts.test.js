/** The outcome draft: saved one at a time, never over somebody else's, sent again as the same deed. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { DraftKeeper, FormKey } from "../../static/js/desk/drafts.js";

const BLANK = { code: "", asked: "", answer: "", next: "", due_on: null, owner: "p1" };
const NEVER_MS = 2 ** 30;

/** A server that keeps drafts, as one list of what was put. */
function draftServer() {
  /** @type {{asked: string, version: number}[]} */
  const put = [];
  /** @type {{code: string} | null} */
  let fault = null;
  let version = 0;
  return {
    put,
    /** @param {{code: string} | null} next */
    failWith: (next) => (fault = next),
    /** @param {import("../../static/js/desk/types.js").Draft} draft @param {number} from */
    async save(draft, from) {
      put.push({ asked: draft.asked, version: from });
      if (fault) throw Object.assign(new Error(fault.code), fault);
      version = from + 1;
      return { version, saved_at: "2026-03-02T02:21:05Z" };
    },
  };
}

/** @param {ReturnType<typeof draftServer>} server */
function keeperOf(server) {
  const keeper = new DraftKeeper((draft, version) => server.save(draft, version), NEVER_MS);
  keeper.start(BLANK, 0);
  return keeper;
}

/** @param {EventTarget} target @param {string} name */
function count(target, name) {
  const seen = { times: 0 };
  target.addEventListener(name, () => (seen.times += 1));
  return seen;
}

test("nothing is saved while nothing was typed", async () => {
  const server = draftServer();
  const keeper = keeperOf(server);

  await keeper.flush();

  assert.deepEqual(server.put, []);
  keeper.stop();
});

test("each save starts from the version of the one before", async () => {
  const server = draftServer();
  const keeper = keeperOf(server);

  keeper.typed({ ...BLANK, asked: "一" });
  await keeper.flush();
  keeper.typed({ ...BLANK, asked: "一二" });
  await keeper.flush();

  assert.deepEqual(server.put, [{ asked: "一", version: 0 }, { asked: "一二", version: 1 }]);
  assert.equal(keeper.isDirty, false);
  keeper.stop();
});

test("what is typed while a save is under way is saved after it, not beside it", async () => {
  const server = draftServer();
  const keeper = keeperOf(server);

  keeper.typed({ ...BLANK, asked: "一" });
  const first = keeper.flush();
  keeper.typed({ ...BLANK, asked: "一二" });
  await Promise.all([first, keeper.flush(), keeper.flush()]);

  assert.deepEqual(server.put.map(({ version }) => version), [0, 1]);
  keeper.stop();
});

test("a lost network keeps the draft unsaved and the next save brings it", async () => {
  const server = draftServer();
  const keeper = keeperOf(server);
  const failed = count(keeper, "failed");
  server.failWith({ code: "network" });
  keeper.typed({ ...BLANK, asked: "一" });
  await keeper.flush();

  server.failWith(null);
  const dirtyBefore = keeper.isDirty;
  await keeper.flush();

  assert.equal(failed.times, 1);
  assert.equal(dirtyBefore, true);
  assert.equal(keeper.isDirty, false);
  keeper.stop();
});

test("a newer draft elsewhere is never overwritten without being asked", async () => {
  const server = draftServer();
  const keeper = keeperOf(server);
  const conflict = count(keeper, "conflict");
  server.failWith({ code: "draft_outdated" });
  keeper.typed({ ...BLANK, asked: "一" });
  await keeper.flush();
  server.failWith(null);

  keeper.typed({ ...BLANK, asked: "一二" });
  await keeper.flush();

  assert.equal(conflict.times, 1);
  assert.equal(server.put.length, 1);
  keeper.stop();
});

test("keeping one's own text saves it over the newer version by name", async () => {
  const server = draftServer();
  const keeper = keeperOf(server);
  server.failWith({ code: "draft_outdated" });
  keeper.typed({ ...BLANK, asked: "一" });
  await keeper.flush();
  server.failWith(null);

  await keeper.overwrite(7);

  assert.deepEqual(server.put.at(-1), { asked: "一", version: 7 });
  keeper.stop();
});

test("the same form sent again after a lost answer is the same deed, a changed one is not", () => {
  const key = new FormKey();

  const first = key.of({ ...BLANK, asked: "一" });

  assert.equal(key.of({ ...BLANK, asked: "一" }), first);
  assert.notEqual(key.of({ ...BLANK, asked: "一二" }), first);
});
