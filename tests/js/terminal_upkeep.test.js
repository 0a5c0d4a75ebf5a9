// When an unattended page reloads itself, and when it must not.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Upkeep } from "../../static/js/terminal/upkeep.js";

class Connection extends EventTarget {
  state = "closed";
  build = "";

  becomes(state, build = this.build) {
    Object.assign(this, { state, build });
    this.dispatchEvent(new Event("state"));
  }
}

function aPage({ isIdle = true, canReach = true } = {}) {
  const page = { connection: new Connection(), isIdle, canReach, reloads: 0, time: 0 };
  page.upkeep = new Upkeep({
    connection: page.connection,
    isIdle: () => page.isIdle,
    canReach: async () => page.canReach,
    reload: () => (page.reloads += 1),
    now: () => page.time,
  });
  page.passes = async (seconds) => {
    for (const end = page.time + seconds * 1000; page.time < end; page.time += 5000) await page.upkeep.look();
  };
  return page;
}

test("a page of the served build stays as it is", async () => {
  const page = aPage();
  page.connection.becomes("open", "b1");
  await page.passes(3600);
  page.connection.becomes("waiting");
  page.connection.becomes("open", "b1");
  await page.passes(3600);

  assert.equal(page.reloads, 0);
});

test("a newer build is taken when nobody has been there for a while", async () => {
  const page = aPage();
  page.connection.becomes("open", "b1");
  page.connection.becomes("open", "b2");
  await page.passes(15);
  assert.equal(page.reloads, 0);
  await page.passes(10);

  assert.ok(page.reloads > 0);
});

test("a newer build waits for the end of the visit", async () => {
  const page = aPage({ isIdle: false });
  page.connection.becomes("open", "b1");
  page.connection.becomes("open", "b2");
  await page.passes(3600);
  assert.equal(page.reloads, 0);

  page.isIdle = true;
  await page.passes(25);
  assert.ok(page.reloads > 0);
});

test("a touch puts it off", async () => {
  const page = aPage();
  page.connection.becomes("open", "b1");
  page.connection.becomes("open", "b2");
  for (let touch = 0; touch < 20; touch += 1) {
    await page.passes(10);
    page.upkeep.touch();
  }

  assert.equal(page.reloads, 0);
});

test("ten minutes without a line are enough, if the server is there", async () => {
  const page = aPage({ canReach: false });
  page.connection.becomes("open", "b1");
  page.connection.becomes("waiting");
  await page.passes(1200);
  assert.equal(page.reloads, 0);

  page.canReach = true;
  await page.passes(10);
  assert.ok(page.reloads > 0);
});

test("a page that never had a line counts from its beginning", async () => {
  const page = aPage();
  await page.passes(595);
  assert.equal(page.reloads, 0);
  await page.passes(30);

  assert.ok(page.reloads > 0);
});

test("somebody who comes while the server is asked is not disturbed", async () => {
  const page = aPage();
  page.connection.becomes("open", "b1");
  page.connection.becomes("open", "b2");
  await page.passes(15);
  page.time += 5000;
  const looking = page.upkeep.look();
  page.upkeep.touch();
  await looking;

  assert.equal(page.reloads, 0);
});
