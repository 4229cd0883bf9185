import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { codesIn } from '../daemon/harness.ts';
import { type Campaign, runCampaign } from './campaign.ts';
import { isReduceOnly } from './caps.ts';
import { Judge } from './judge.ts';
import { describeRun } from './report.ts';
import { BAR_MS, CRASH_BAR_MS, HOUR_MS, readCloses, readPolicySpec, regimeOf, runningJump, SYMBOLS } from './tape.ts';
import * as verdicts from './verdicts.ts';

const spec = readPolicySpec('default');

describe('the default policy on the recorded bars of 9 to 12 October 2025, an account of 2,200 USDT', () => {
  let campaign: Campaign;
  let judge: Judge;
  before(async () => {
    campaign = await runCampaign(Date.UTC(2025, 9, 9), Date.UTC(2025, 9, 13));
    judge = await Judge.read(campaign.world, spec);
  });
  after(() => campaign?.world.close());

  it('names in every decision the regime and caps that its inputs mean under the policy file', () => {
    verdicts.checkRecordedCaps(judge, spec);
  });
  it('holds leverage 3, 2 and 1, notional x1, x0.6 and x0.25, slices 1, 4 and 5, cooldown 0, 60 and 120 s [PK-74]', () => {
    const byRegime = { calm: [3, 1, 0, 1], volatile: [2, 0.6, 60_000, 4], extreme: [1, 0.25, 120_000, 5] } as const;
    for (const [regime, [leverage, notional, cooldownMs, slices]] of Object.entries(byRegime)) {
      const asks = verdicts.openingAsks(judge).filter(({ event }) => event.decision.budget.regime === regime);
      assert.ok(asks.length > 10, `${asks.length} asks while ${regime}`);
      const whole = asks.filter(({ event }) => event.decision.budget.account.notional === 1);
      assert.ok(whole.length > 0, regime);
      for (const { event } of whole) {
        assert.equal(event.decision.constraints.leverage_cap, leverage);
        assert.equal(event.decision.budget.market.notional, notional);
        assert.equal(event.decision.constraints.cooldown_ms, cooldownMs);
      }
      const staged = asks.map(({ event }) => event.decision.constraints.staging_plan.length);
      assert.ok(Math.max(...staged) <= slices, `${Math.max(...staged)} slices`);
    }
  });
  it('turns extreme in the very step in which the running bar has jumped by six of its usual moves', () => {
    let firsts = 0;
    for (const symbol of SYMBOLS) {
      const closes = readCloses(symbol);
      for (const [index, step] of campaign.seen.entries()) {
        const mark = step.markets.get(symbol)?.mark_price ?? Number.NaN;
        if (runningJump(closes, step.atMs, mark) < 6.01) continue;
        assert.equal(regimeOf(step, symbol), 'extreme', `${symbol} ${new Date(step.atMs).toISOString()}`);
        const earlier = campaign.seen[index - 1];
        if (earlier !== undefined && regimeOf(earlier, symbol) !== 'extreme') firsts += 1;
      }
    }
    assert.ok(firsts >= 3, `${firsts} turns to extreme by a jump`);
  });
  it('calls both markets extreme at every moment of the crash bar of 2025-10-10 21:15 UTC and leaves it slowly', () => {
    const inBar = campaign.seen.filter((step) => step.atMs >= CRASH_BAR_MS && step.atMs < CRASH_BAR_MS + BAR_MS);
    assert.ok(inBar.length >= 60, `${inBar.length} steps in the bar`);
    const after = campaign.seen.filter((step) => step.atMs >= CRASH_BAR_MS && step.atMs < CRASH_BAR_MS + 12 * HOUR_MS);
    for (const step of after) for (const symbol of SYMBOLS) assert.equal(regimeOf(step, symbol), 'extreme');
  });

  it('keeps the worst case at the exchange within the tightened caps at every send, slice and amendment', () => {
    verdicts.checkSends(judge);
    const kinds = new Set(judge.sends().map((send) => (send.isReducing ? 'reducing amend' : send.kind)));
    assert.deepEqual([...kinds].sort(), ['amend', 'reducing amend', 'slice', 'tool']);
  });
  it('sends nothing that was not decided, in size, side and form', () => {
    verdicts.checkBooksAgainstDecisions(judge);
  });
  it('keeps the cooldown of the regime between opening orders of a symbol', () => {
    verdicts.checkCooldowns(judge);
  });

  it('cancels the opening orders that no longer fit when regime or account tighten', () => {
    const tightened = verdicts.checkStanding(campaign.seen, spec);
    assert.ok(tightened >= 3, `${tightened} steps tightened something that stood`);
    const canceled = verdicts.canceledFor(campaign.world, 'no longer fits the tightened policy');
    assert.ok(canceled.length >= 5, `${canceled.length} canceled`);
    for (const id of canceled) {
      const order = judge.books.orders.find((known) => known.client_order_id === id);
      assert.ok(order?.status === 'CANCELED' || order?.status === 'FILLED', `${id} is ${order?.status}`);
    }
  });
  it('lets every exit through at every moment, and carries it out', () => {
    const exits = verdicts.checkExits(campaign, judge);
    const inCrash = [...campaign.trend.said, ...campaign.careful.said].filter(
      (said) =>
        said.shareBefore !== null && said.atMs >= CRASH_BAR_MS - BAR_MS && said.atMs < CRASH_BAR_MS + 3 * BAR_MS,
    );
    assert.ok(exits > 200 && inCrash.length > 60, `${exits} exits, ${inCrash.length} in the crash`);
  });

  // The daemon records equity once a minute, the judge sees every step: in the crash a minute is worth 0.2 % of it.
  it('sees drawdown and daily loss as the margin balance at the exchange shows them', () => {
    for (const [index, step] of campaign.seen.entries()) {
      const own = verdicts.levelsAt(campaign.seen, index);
      const when = new Date(step.atMs).toISOString();
      assert.ok(
        Math.abs((step.account.drawdown ?? 1) - own.drawdown) < 0.004,
        `${when}: ${step.account.drawdown} ${own.drawdown}`,
      );
      assert.ok(
        Math.abs((step.account.daily_loss ?? 1) - own.dailyLoss) < 0.004,
        `${when}: ${step.account.daily_loss} ${own.dailyLoss}`,
      );
    }
  });
  it('halves the caps at 3 % daily loss and 5 % drawdown', () => {
    const codes = verdicts.openingAsks(judge).flatMap(({ event }) => codesIn(event));
    for (const code of ['ACCOUNT_DAILY_LOSS', 'ACCOUNT_DRAWDOWN'] as const) assert.ok(codes.includes(code), code);
    const quartered = verdicts
      .openingAsks(judge)
      .filter(({ event }) => event.decision.budget.account.notional === 0.25);
    assert.ok(quartered.length > 0, 'both tiers at once');
  });
  it('only reduces at 5 % daily loss, for exactly as long as it lasts, and opens again by itself', () => {
    const reducing = campaign.seen.filter((step) => step.state === 'reducing');
    assert.ok(reducing.length > 50, `${reducing.length} steps while reducing`);
    for (const step of campaign.seen) {
      const levels = {
        drawdown: step.account.drawdown ?? 1,
        dailyLoss: step.account.daily_loss ?? 1,
        marginRatio: step.account.margin_ratio ?? 1,
      };
      assert.equal(step.state, isReduceOnly(spec, levels) ? 'reducing' : 'active', new Date(step.atMs).toISOString());
    }
    const refused = judge.decisions.filter(
      ({ event }) => event.decision.reasons[0]?.code === 'STATE_REDUCING' && event.request.tool === 'place_order',
    );
    assert.ok(refused.length > 5, `${refused.length} refused`);
    const resumed = judge.sends().filter((send) => send.decision.event.context.now_ms > (reducing.at(-1)?.atMs ?? 0));
    assert.ok(resumed.length > 5, `${resumed.length} sends afterwards`);
  });

  it("is never liquidated, and its equity is the exchange's to the last digit", () => {
    verdicts.checkMoney(judge, campaign.seen);
    const lowest = Math.min(...campaign.seen.map((step) => step.equityUsdt));
    assert.ok(lowest > 0.9 * 2200, `the lowest equity was ${lowest}`);
  });
  it('is derived again and rebuilt from its ledger, every decision', (context) => {
    for (const line of describeRun(campaign, judge)) context.diagnostic(line);
    assert.equal(verdicts.checkAudit(campaign.world), judge.decisions.length);
  });
});

describe('the default policy across the crash, an account of 10,000 USDT that reaches no tier', () => {
  let campaign: Campaign;
  let judge: Judge;
  before(async () => {
    campaign = await runCampaign(Date.UTC(2025, 9, 10, 16), Date.UTC(2025, 9, 11), { sim: { balance: 10_000 } });
    judge = await Judge.read(campaign.world, spec);
  });
  after(() => campaign?.world.close());

  it('goes on opening inside the caps of an extreme market, in up to five slices', () => {
    verdicts.checkRecordedCaps(judge, spec);
    verdicts.checkSends(judge);
    verdicts.checkCooldowns(judge);
    const extreme = judge.sends().filter((send) => send.decision.event.decision.budget.regime === 'extreme');
    assert.ok(extreme.length >= 20, `${extreme.length} sends while extreme`);
    const fullest = Math.max(...extreme.map((send) => send.grossUsdt / send.caps.grossUsdt));
    assert.ok(fullest > 0.95, `the caps were never nearly reached: ${fullest}`);
    const plans = verdicts.openingAsks(judge).map(({ event }) => event.decision.constraints.staging_plan.length);
    assert.equal(Math.max(...plans), 5);
  });
  it('cancels what no longer fits, lets exits through, is not liquidated', () => {
    const tightened = verdicts.checkStanding(campaign.seen, spec);
    assert.ok(tightened >= 1, `${tightened} steps tightened something that stood`);
    const exits = verdicts.checkExits(campaign, judge);
    assert.ok(exits > 100, `${exits} exits`);
    assert.deepEqual([...new Set(campaign.seen.map((step) => step.state))], ['active']);
    verdicts.checkBooksAgainstDecisions(judge);
    verdicts.checkMoney(judge, campaign.seen);
  });
  it('is derived again and rebuilt from its ledger, every decision', (context) => {
    for (const line of describeRun(campaign, judge)) context.diagnostic(line);
    assert.equal(verdicts.checkAudit(campaign.world), judge.decisions.length);
  });
});
