import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SignsOfLife } from '../../../daemon/engine/callers/pacing.ts';
import { forAll } from '../../for-all.ts';

const DAY_MS = 86_400_000;
const AGENTS = ['a', 'b', 'c', 'd'];

/** What DESIGN asks for, without a thought for speed: who was silent for two days at some sign of life is not known. */
class PlainSigns {
  #seenAt = new Map<string, number>();

  note(agent: string, atMs: number): void {
    this.#seenAt.set(agent, atMs);
    this.#seenAt = new Map([...this.#seenAt].filter(([, seenAtMs]) => atMs - seenAtMs <= 2 * DAY_MS));
  }
  lastMs(agent: string): number | null {
    return this.#seenAt.get(agent) ?? null;
  }
}

test('signs of life are known for two days before the newest one', () => {
  const step = fc.record({
    agent: fc.constantFrom(null, ...AGENTS),
    laterMs: fc.constantFrom(0, 1, DAY_MS - 1, DAY_MS, DAY_MS + 1, 2 * DAY_MS, 2 * DAY_MS + 1),
  });
  let forgotten = 0;
  forAll([fc.array(step, { maxLength: 40 })], { seed: 4, numRuns: 2_000 }, (steps) => {
    const signs = new SignsOfLife();
    const plain = new PlainSigns();
    let nowMs = 1_795_000_000_000;
    const known = new Set<string>();
    for (const { agent, laterMs } of steps) {
      nowMs += laterMs;
      if (agent !== null) {
        for (const each of [signs, plain]) each.note(agent, nowMs);
        known.add(agent);
      }
      for (const each of AGENTS) assert.equal(signs.lastMs(each), plain.lastMs(each));
      if ([...known].some((each) => plain.lastMs(each) === null)) forgotten += 1;
    }
  });
  assert.ok(forgotten > 100, 'agents are forgotten in these sequences');
});
