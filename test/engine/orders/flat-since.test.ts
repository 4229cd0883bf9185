import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FoldedLedger, T0, tradeEvent } from '../fold-fixture.ts';
import { FoldedClaims } from '../folded-claims.ts';

const JUMP_MS = 360_000;
const BOOT = { clears_at_ms: null, clears_when: '', layer: 'boot', name: null, reason: '' } as const;
const jump = (ledger: FoldedLedger, tMs: number): void => {
  const moved = { ...BOOT, scope: 'account', set_by: 'daemon', state: 'reducing', clock_ahead_ms: JUMP_MS } as const;
  ledger.append({ kind: 'state', at_ms: tMs + JUMP_MS, payload: { ...moved, t_ms: tMs } });
};
/** Ten lots are bought, sold, and bought again, a second apart by the venue's clock. */
function trade({ ledger }: FoldedClaims, atMs: number): void {
  for (const [index, side] of (['buy', 'sell', 'buy'] as const).entries())
    ledger.append(tradeEvent(`t-${index}`, null, atMs + index * 1_000, { side }));
}

test('what was sent before the clock went ahead is asked for by the clock of then, and what is sent later by that of now', () => {
  const { ledger, state } = new FoldedClaims();
  ledger.append(tradeEvent('t-1', null, T0 + 10_000));
  jump(ledger, T0 + 10_000);
  const [before, after] = [T0 + 4_000, T0 + 20_000];
  assert.deepEqual([state.time.wasAtMs(before), state.time.wasAtMs(after)], [before, after + JUMP_MS]);
  for (const tMs of [before, after]) assert.equal(state.time.of(state.time.wasAtMs(tMs)), tMs);
});

test('whether a symbol was flat since a claim is told alike on both sides of a clock that went ahead [EX-66]', () => {
  const behind = new FoldedClaims();
  behind.read(0, T0 - 1_000);
  jump(behind.ledger, T0);
  trade(behind, T0 + JUMP_MS + 1_000);
  const flatMs = T0 + 2_000;
  const asked = [flatMs - 500, flatMs + 500];
  assert.deepEqual(
    asked.map((tMs) => behind.state.wasFlatSince('BTCUSDT', tMs)),
    [true, false],
  );
  const before = new FoldedClaims();
  before.read(0, T0 - 1_000);
  trade(before, T0 + 1_000);
  jump(before.ledger, T0 + 10_000);
  assert.deepEqual(
    asked.map((tMs) => before.state.wasFlatSince('BTCUSDT', tMs)),
    [true, false],
  );
});
