import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadVariant } from '../../../daemon/evaluation/setup/variants.ts';
import { decisionEvent, type FoldedLedger, inLots, orderEvent, T0 } from '../fold-fixture.ts';
import { accountEvent, FoldedClaims } from '../folded-claims.ts';

const SECTION = loadVariant('Holdfast').spec.trader_state;
const MINUTE_MS = 60_000;
/** Losses after which the size doubles. */
const SIZES = [...Array<number>(12).fill(1), 1, 2, 4, 8, 1, 2, 4, 8];
const [BOUGHT_AT, SOLD_AT] = [60_000, 59_500];

type Close = (ledger: FoldedLedger, trip: { id: string; lots: number; atMs: number }) => void;

/** p_t of an agent whose losing trades are closed in some way, and what turnover its figures count. */
function riskOf(close: Close): { readonly risk: number; readonly turnover: number; readonly lots: number } {
  const { ledger } = new FoldedClaims();
  let atMs = T0;
  for (const [index, lots] of SIZES.entries()) {
    const id = `o-${index}`;
    atMs += MINUTE_MS;
    ledger.append(
      decisionEvent({ id: `d-${id}`, atMs, orders: [{ client_order_id: id, lots: lots, time_in_force: 'IOC' }] }),
    );
    const reported = { status: 'filled', executed_lots: lots, average_price: BOUGHT_AT } as const;
    ledger.append(orderEvent(id, atMs, reported));
    const reading = accountEvent(lots, atMs + 1_000);
    const [position] = reading.payload.positions;
    assert.ok(position !== undefined);
    const payload = { ...reading.payload, positions: [{ ...position, mark_price: SOLD_AT }] };
    ledger.append({ ...reading, payload });
    close(ledger, { id: `x-${index}`, lots, atMs: atMs + 5_000 });
  }
  const { pacing, trades } = ledger.state;
  return {
    risk: trades.risk('alice', atMs + MINUTE_MS, SECTION),
    turnover: pacing.agent('alice').turnover.sum(atMs + MINUTE_MS),
    lots: inLots(ledger.state.position('BTCUSDT').quantityE8),
  };
}

/** A close of the agent's own. */
function closedBy(reported: { readonly average_price: number | null; readonly price_ticks: number | null }): Close {
  return (ledger, { id, lots, atMs }) => {
    const order = { client_order_id: id, lots, side: 'sell', reduce_only: true, time_in_force: 'IOC' } as const;
    const effective = { action: 'exit', side: 'sell', lots } as const;
    const { price_ticks } = reported;
    ledger.append(decisionEvent({ id: `d-${id}`, atMs, effective, orders: [{ ...order, price_ticks: price_ticks }] }));
    const { average_price } = reported;
    ledger.append(orderEvent(id, atMs, { status: 'filled', executed_lots: lots, average_price }));
  };
}

describe('round trips of an agent that end without a price', () => {
  const known = riskOf(closedBy({ average_price: SOLD_AT, price_ticks: 590_000 }));

  it('the figures rise with losses that are closed at a known price', () => {
    assert.equal(known.lots, 0);
    assert.ok(known.risk > 0.35, `${known.risk}`);
  });

  it('a close without a bound whose answer names no price counts at what its decision saw', () => {
    const blind = riskOf(closedBy({ average_price: null, price_ticks: null }));
    assert.equal(blind.lots, 0);
    assert.ok(Math.abs(blind.risk - known.risk) < 0.05, `${blind.risk} instead of ${known.risk}`);
    assert.ok(Math.abs(blind.turnover / known.turnover - 1) < 0.02, `${blind.turnover} instead of ${known.turnover}`);
  });

  it('what a person closes at the venue, which only a reading shows, counts at the mark of the last one', () => {
    const byHand = riskOf((ledger, { atMs }) => {
      for (let later = 0; later <= 40_000; later += 2_000) ledger.append(accountEvent(0, atMs + later));
    });
    assert.equal(byHand.lots, 0);
    assert.ok(Math.abs(byHand.risk - known.risk) < 0.02, `${byHand.risk} instead of ${known.risk}`);
  });
});
