import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RESUME_MS } from '../../../daemon/engine/claims/claim-ends.ts';
import { T0 } from '../fold-fixture.ts';
import { PumpModel } from './pump-model.ts';

/** An agent's exit of four lots of ten, within its own bound unless said otherwise. */
function asked(slippageBps: number | null = 10): PumpModel {
  const model = new PumpModel();
  model.hold(10);
  model.exit('x-1', 4, { delayMs: 1, isWhole: false, slippageBps });
  return model;
}

/** When its last order went out after it was asked for, ms. */
function lastSentMs(model: PumpModel, meet: (model: PumpModel) => void): number {
  let lastMs = 0;
  for (let pass = 0; pass < 100; pass += 1) {
    if (model.pass().length === 0) continue;
    lastMs = model.atMs - T0;
    meet(model);
  }
  return lastMs;
}

/** What every order meets; `isEndless`: one without a bound is tried again as long as it lasts. */
const MEETS: Readonly<Record<string, { readonly isEndless: boolean; readonly meet: (model: PumpModel) => void }>> = {
  'are lost on their way': {
    isEndless: true,
    meet: (model) => {
      model.answer('x-1', 'unknown', 0);
      model.answer('x-1', 'not_placed', 0);
    },
  },
  'meet a venue that is busy': { isEndless: true, meet: (model) => model.refuse('x-1', 'busy') },
  'do not fill': { isEndless: false, meet: (model) => model.answer('x-1', 'expired', 0) },
  'do not fill, and then meet a venue that is away': {
    isEndless: true,
    meet: (model) => {
      if (model.sent.length < 3) model.answer('x-1', 'expired', 0);
      else model.refuse('x-1', 'away');
    },
  },
};

describe('an exit with a bound ends after exits.resume_ms, whatever its orders meet [DESIGN 12.5]', () => {
  for (const [what, { isEndless, meet }] of Object.entries(MEETS)) {
    test(`its orders ${what} [EX-42 EX-45]`, () => {
      const model = asked();
      const lastMs = lastSentMs(model, meet);
      assert.ok(lastMs > RESUME_MS - 60_000 && lastMs < RESUME_MS, `the last one left after ${lastMs} ms`);
      assert.equal(model.find('x-1').end?.reason, 'exhausted');
      assert.equal(model.alerts.length, 1, model.alerts.join('; '));
      assert.match(model.alerts[0] ?? '', /^EXIT_ENDED .*exits\.resume_ms/);
    });
    if (!isEndless) continue;
    test(`one without a bound goes on while its orders ${what} [EX-45]`, () => {
      const model = asked(null);
      assert.ok(lastSentMs(model, meet) > RESUME_MS);
      assert.equal(model.find('x-1').end, null);
    });
  }

  test('not while an order of it may still fill', () => {
    const model = asked();
    model.pass();
    model.answer('x-1', 'unknown', 0);
    for (let pass = 0; pass < 20; pass += 1) model.pass();
    assert.equal(model.find('x-1').end, null);
    model.answer('x-1', 'not_placed', 0);
    assert.deepEqual(model.pass(), []);
    assert.equal(model.find('x-1').end?.reason, 'exhausted');
  });
});
