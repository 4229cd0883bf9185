import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findPackageFolder } from '../../daemon/config/package.ts';
import type { OrderEvent } from '../../daemon/engine/records/decisions.ts';
import type { AlertEvent } from '../../daemon/engine/records/house-events.ts';
import { DaemonWorld } from '../daemon/harness.ts';
import { MARKET_FOLDER } from '../fixtures/recorded.ts';
import { advanceQuietly, type Campaign, runCampaign, STEP_MS } from './campaign.ts';
import { Judge, type Recorded } from './judge.ts';
import { describeRun } from './report.ts';
import { ScriptedAgent } from './scripted-agent.ts';
import { BAR_MS, CRASH_BAR_MS, MINUTE_MS, type Observation, readPolicySpec, regimeOf } from './tape.ts';
import * as verdicts from './verdicts.ts';

const spec = readPolicySpec('strict');
const policyFile = join(findPackageFolder(), 'policies', 'strict.yaml');

function cutsOf(judge: Judge): readonly Recorded[] {
  return judge.decisions.filter(
    ({ event }) => event.request.origin === 'gate' && event.route === 'gate' && event.decision.kind === 'gate',
  );
}
function alertsOf(world: DaemonWorld, code: string): readonly AlertEvent[] {
  return world.alerts().filter((alert) => alert.code === code);
}
/** Stops that were placed although the price was beyond them already, or the position gone. */
function uselessStops(world: DaemonWorld): readonly string[] {
  return alertsOf(world, 'STOP_REFUSED')
    .map((alert) => alert.detail)
    .filter((detail) => detail.includes('immediately trigger'));
}

/** What the ledger tells last of an order. */
function fateOf(world: DaemonWorld, clientOrderId: string | undefined): string {
  const events = world.records<OrderEvent>('order');
  const last = events.findLast((event) => event.client_order_id === clientOrderId);
  return last === undefined ? 'never sent' : `${last.status}: ${last.detail}`;
}

/** The seq at which the ledger first tells that an order was filled. */
function filledSeq(world: DaemonWorld, clientOrderId: string): number {
  for (const { payload, seq } of world.daemon.ledger.iterateEvents({ kind: 'order' })) {
    const event = payload as OrderEvent;
    if (event.client_order_id === clientOrderId && event.status === 'filled') return seq;
  }
  return assert.fail(`the ledger does not know that ${clientOrderId} was filled`);
}

describe('the strict policy on 2025-10-10: positions are cut back, protected, and nothing opens while extreme', () => {
  let campaign: Campaign;
  let judge: Judge;
  before(async () => {
    campaign = await runCampaign(Date.UTC(2025, 9, 10, 7), Date.UTC(2025, 9, 11), {
      policyFile,
      sim: { balance: 10_000 },
    });
    judge = await Judge.read(campaign.world, spec);
  });
  after(() => campaign?.world.close());

  it('keeps the worst case within the tightened caps at every send and opens nothing while extreme', () => {
    verdicts.checkRecordedCaps(judge, spec);
    verdicts.checkSends(judge);
    verdicts.checkCooldowns(judge);
    verdicts.checkBooksAgainstDecisions(judge);
    for (const send of judge.sends()) assert.notEqual(send.decision.event.decision.budget.regime, 'extreme');
    const refused = verdicts.openingAsks(judge).filter(({ event }) => event.decision.budget.regime === 'extreme');
    assert.ok(refused.length > 20, `${refused.length} refused`);
    for (const { event } of refused) assert.equal(event.decision.decision, 'BLOCK');
  });
  it('cancels every opening order of a symbol that turns extreme', () => {
    const tightened = verdicts.checkStanding(campaign.seen, spec);
    assert.ok(tightened >= 1, `${tightened} steps tightened something that stood`);
  });
  it('cuts positions above a tightened cap with exits of its own', () => {
    const cuts = cutsOf(judge);
    assert.ok(cuts.length >= 3, `${cuts.length} cuts`);
    for (const { event } of cuts) {
      assert.equal(event.decision.decision, 'ALLOW');
      assert.equal(event.decision.effective?.reduce_only, true);
    }
  });
  it('knows a stop that has fired: it neither places it again nor closes what is gone', () => {
    const fired = judge.books.orders.filter((known) => known.close_position && known.status === 'FILLED');
    assert.ok(fired.length >= 2, `${fired.length} stops fired`);
    assert.deepEqual(uselessStops(campaign.world), []);
    let raced = 0;
    for (const { event } of cutsOf(judge)) {
      const [planned] = event.orders;
      const sent = judge.books.orders.find((known) => known.client_order_id === planned?.client_order_id);
      const fate = fateOf(campaign.world, planned?.client_order_id);
      // A stop may have fired in the step that led to the cut: the venue refuses the cut, and the gate hears of it later.
      if (sent === undefined && fate === 'rejected: ReduceOnly Order is rejected.') {
        const { at_ms: atMs, decision_id: id, seq, symbol } = event.decision;
        const met = fired.filter(
          (stop) =>
            stop.symbol === symbol &&
            Math.abs(stop.created_ms - atMs) <= STEP_MS &&
            filledSeq(campaign.world, stop.client_order_id) > seq,
        );
        assert.equal(met.length, 1, `cut ${id} met a stop that the gate had not heard of`);
        raced += 1;
        continue;
      }
      assert.equal(Number(sent?.executed_quantity), Number(event.decision.effective?.quantity), fate);
    }
    assert.ok(raced <= fired.length, `${raced} cuts met a stop that fired`);
  });
  it('lets exits through, is not liquidated, and is derived again from its ledger', (context) => {
    for (const line of describeRun(campaign, judge)) context.diagnostic(line);
    const exits = verdicts.checkExits(campaign, judge);
    assert.ok(exits > 10, `${exits} exits`);
    verdicts.checkMoney(judge, campaign.seen);
    assert.equal(verdicts.checkAudit(campaign.world), judge.decisions.length);
  });
});

describe('the strict policy in the crash itself, holding as much as it allows before', () => {
  let world: DaemonWorld;
  let judge: Judge;
  const seen: Observation[] = [];
  before(async () => {
    world = await DaemonWorld.start({
      policyFile,
      sim: { market: MARKET_FOLDER, clock: 'manual', startMs: CRASH_BAR_MS - 55 * MINUTE_MS, balance: 10_000 },
    });
    const advance = (ms: number): Promise<void> => advanceQuietly(world, seen, ms);
    const agent = new ScriptedAgent(world, advance, 'agent', world.token('agent'));
    const untilMs = CRASH_BAR_MS + BAR_MS;
    while (world.nowMs() < untilMs) {
      await advance(15_000 - (world.nowMs() % 15_000));
      if (seen.length === 1) await agent.buy('BTCUSDT', 500);
      if (seen.length === 20) await agent.askAgain();
    }
    judge = await Judge.read(world, spec);
  });
  after(() => world?.close());

  it('halves the position once a second reading shows the extreme market, and the stop takes the rest', () => {
    const turn = seen.findIndex((step) => regimeOf(step, 'BTCUSDT') === 'extreme');
    const heldAt = (index: number): number => seen[index]?.positions.get('BTCUSDT') ?? Number.NaN;
    const capUsdt = spec.budgets.symbol_notional_usdt / 4;
    const mark = seen[turn]?.markets.get('BTCUSDT')?.mark_price ?? Number.NaN;
    assert.ok(heldAt(turn - 1) * mark > capUsdt, `${heldAt(turn - 1)} BTC before`);
    // One print alone moves nothing (BY-53).
    assert.equal(heldAt(turn), heldAt(turn - 1));
    assert.ok(heldAt(turn + 1) > 0 && heldAt(turn + 1) * mark <= capUsdt, `${heldAt(turn + 1)} BTC after`);
    assert.equal(cutsOf(judge).length, 1);
    assert.equal(alertsOf(world, 'POSITION_CUT').length, 1);
    assert.equal(heldAt(seen.length - 1), 0);
    assert.deepEqual(uselessStops(world), []);
    const fired = judge.books.orders.filter((known) => known.close_position && known.status === 'FILLED');
    assert.equal(fired.length, 1);
  });
  it('keeps its caps at every send and is derived again from its ledger', () => {
    verdicts.checkSends(judge);
    verdicts.checkBooksAgainstDecisions(judge);
    verdicts.checkMoney(judge, seen);
    assert.equal(verdicts.checkAudit(world), judge.decisions.length);
  });
});
