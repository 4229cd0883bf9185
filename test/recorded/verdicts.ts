import assert from 'node:assert/strict';
import { auditorOf } from '../../daemon/boot/ledger/audit-span.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import type { OrderIntentEvent } from '../../daemon/engine/records/decisions.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import type { DaemonWorld } from '../daemon/harness.ts';
import { codesIn } from '../daemon/harness.ts';
import type { Campaign } from './campaign.ts';
import { type AccountLevels, capsOf, capsOfDecision, isReduceOnly, regimeFrom, stricter } from './caps.ts';
import { isExit, type Judge, type Recorded } from './judge.ts';
import { type Observation, regimeOf, SYMBOLS } from './tape.ts';

/** One part in a million: doubles that were added up in another order. */
const EPSILON = 1e-6;

function roundMicro(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** Opening asks: what tightens them is recorded, also when they are refused. */
export function openingAsks(judge: Judge): readonly Recorded[] {
  return judge.decisions.filter(({ event }) => event.decision.kind === 'tool' && event.request.tool === 'place_order');
}

/** Regime and caps that each decision names are those that its inputs mean under the policy file. */
export function checkRecordedCaps(judge: Judge, spec: IntendedPolicySpec): void {
  for (const { event } of openingAsks(judge)) {
    const { decision, context } = event;
    const caps = capsOfDecision(spec, context);
    const { budget, constraints, decision_id: id } = decision;
    const recorded = {
      regime: budget.regime,
      leverage: constraints.leverage_cap,
      orderRate: constraints.order_rate_cap,
      cooldownMs: constraints.cooldown_ms,
      orderUsdt: roundMicro(budget.budget.order_notional_usdt),
      symbolUsdt: roundMicro(budget.budget.symbol_notional_usdt),
      grossUsdt: roundMicro(budget.budget.gross_notional_usdt),
      slippageBps: roundMicro(constraints.slippage_cap_bps),
    };
    const expected = {
      regime: regimeFrom(context, spec),
      leverage: caps.leverage,
      orderRate: caps.orderRate,
      cooldownMs: caps.cooldownMs,
      orderUsdt: roundMicro(caps.orderUsdt),
      symbolUsdt: roundMicro(caps.symbolUsdt),
      grossUsdt: roundMicro(caps.grossUsdt),
      slippageBps: roundMicro(caps.slippageBps),
    };
    assert.deepEqual({ id, ...recorded }, { id, ...expected });
    assert.ok(constraints.staging_plan.length <= caps.slices, id);
    if (decision.effective === null || decision.effective.action !== 'open') continue;
    assert.ok((decision.effective.leverage ?? 1) <= caps.leverage, id);
    assert.ok(decision.effective.notional <= caps.orderUsdt + EPSILON, id);
    assert.ok((decision.effective.max_slippage_bps ?? 0) <= caps.slippageBps + EPSILON, id);
  }
}

/** Worst-case exposure that every order and amendment made possible at the exchange, against the caps of its decision. */
export function checkSends(judge: Judge): void {
  const sends = judge.sends().filter((send) => !send.isReducing);
  assert.ok(sends.length > 0, 'nothing was sent');
  for (const send of sends) {
    const label = `${send.kind} ${send.clientOrderId}`;
    assert.ok(send.orderUsdt <= send.caps.orderUsdt + EPSILON, `${label}: order of ${send.orderUsdt}`);
    assert.ok(send.symbolUsdt <= send.caps.symbolUsdt + EPSILON, `${label}: symbol at ${send.symbolUsdt}`);
    assert.ok(send.grossUsdt <= send.caps.grossUsdt + EPSILON, `${label}: gross at ${send.grossUsdt}`);
    assert.ok(send.leverageUsed <= send.caps.leverage + EPSILON, `${label}: leverage ${send.leverageUsed}`);
  }
}

/** Nothing reached the exchange that was not decided, and nothing larger, dearer or in another form than decided. */
export function checkBooksAgainstDecisions(judge: Judge): void {
  assert.notEqual(judge.books.orders.length, 0);
  for (const order of judge.books.orders) {
    const { event } = judge.requireSender(order);
    const label = `${order.client_order_id} of ${event.decision.decision_id}`;
    assert.notEqual(event.decision.decision, 'BLOCK', label);
    assert.ok(event.decision.binding && event.decision.enforced, label);
    const planned = event.orders.find((plan) => plan.client_order_id === order.client_order_id);
    assert.equal(isExit(order), planned?.reduce_only, label);
    assert.equal(order.symbol, event.request.symbol, label);
    assert.equal(order.side.toLowerCase(), planned?.side, label);
    const slippage = event.decision.effective?.max_slippage_bps ?? null;
    if (isExit(order) || order.time_in_force !== 'IOC' || slippage === null) continue;
    const mark = Number(order.mark_at_placement);
    for (const fill of order.fills)
      assert.ok(Math.abs(Number(fill.price) / mark - 1) * 1e4 <= slippage + EPSILON, `${label} slipped`);
  }
}

/** Two permitted opening parents of a symbol are at least the cooldown apart that the later one's regime asks for. */
export function checkCooldowns(judge: Judge): void {
  const last = new Map<string, number>();
  for (const { event } of judge.decisions) {
    const { decision, request, context } = event;
    const isOpening =
      decision.kind === 'tool' && request.tool === 'place_order' && decision.effective?.action === 'open';
    if (!isOpening || decision.decision === 'BLOCK' || request.symbol === null) continue;
    const before = last.get(request.symbol);
    if (before !== undefined)
      assert.ok(context.now_ms - before >= decision.constraints.cooldown_ms, `${decision.decision_id} came too soon`);
    last.set(request.symbol, context.now_ms);
  }
}

/** Every exit that was asked for passed, was carried out whole, and every rehearsed one would have passed. */
export function checkExits({ trend, careful }: Campaign, judge: Judge): number {
  const exits = [...trend.said, ...careful.said].filter((said) => said.shareBefore !== null);
  for (const { status, body, tool, shareBefore, args } of exits) {
    const label = `${tool} of ${String(args.symbol)}, ${body.decision.decision_id}`;
    assert.equal(status, 200, label);
    assert.notEqual(body.decision.decision, 'BLOCK', `${label}: ${codesIn(body).join()}`);
    assert.equal(body.decision.effective?.reduce_only, true, label);
    assert.equal(body.decision.effective?.side, (shareBefore ?? 0) > 0 ? 'sell' : 'buy', label);
    if (tool === 'dry-run') continue;
    assert.equal(body.execution.state, 'filled', label);
    const [order] = body.execution.orders;
    const atExchange = judge.books.orders.find((known) => known.client_order_id === order?.client_order_id);
    assert.equal(Number(atExchange?.executed_quantity), Number(body.decision.effective?.quantity), label);
  }
  return exits.length;
}

/** The account as an independent reader of the exchange's margin balance sees it at each step. */
export function levelsAt(seen: readonly Observation[], index: number): AccountLevels {
  const now = seen[index];
  if (now === undefined) throw new Error('no such step');
  const dayMs = 86_400_000;
  const midnight = Math.floor(now.atMs / dayMs) * dayMs;
  let peak = now.equityUsdt;
  let atMidnight = seen[0]?.equityUsdt ?? now.equityUsdt;
  let dayAgo = atMidnight;
  for (const earlier of seen.slice(0, index)) {
    peak = Math.max(peak, earlier.equityUsdt);
    if (earlier.atMs <= midnight) atMidnight = earlier.equityUsdt;
    if (earlier.atMs <= now.atMs - dayMs) dayAgo = earlier.equityUsdt;
  }
  return {
    drawdown: Math.max(0, 1 - now.equityUsdt / peak),
    dailyLoss: Math.max(0, 1 - now.equityUsdt / Math.max(atMidnight, dayAgo)),
    marginRatio: now.account.margin_ratio ?? 1,
  };
}

/**
 * After a step in which something tightened, no opening order stands at the exchange that the tightened caps have no
 * room for. Returns how often something tightened while orders stood.
 */
export function checkStanding(seen: readonly Observation[], spec: IntendedPolicySpec): number {
  let tightened = 0;
  for (const [index, now] of seen.entries()) {
    const before = seen[index - 1];
    if (before === undefined) continue;
    const levels = {
      drawdown: now.account.drawdown ?? 1,
      dailyLoss: now.account.daily_loss ?? 1,
      marginRatio: now.account.margin_ratio ?? 1,
    };
    const when = new Date(now.atMs).toISOString();
    if (isReduceOnly(spec, levels)) {
      assert.equal(now.state, 'reducing', when);
      assert.deepEqual(now.openings, [], when);
    }
    const rank = (regime: string): number => ['calm', 'volatile', 'extreme'].indexOf(regime);
    if (!SYMBOLS.some((symbol) => rank(regimeOf(now, symbol)) > rank(regimeOf(before, symbol)))) continue;
    if (now.stoodBefore > 0) tightened += 1;
    const exposed = SYMBOLS.filter((symbol) => worstCaseOf(now, symbol) > 0);
    const gross = exposed.reduce((sum, symbol) => sum + worstCaseOf(now, symbol), 0);
    const portfolio = exposed.map((symbol) => regimeOf(now, symbol)).reduce(stricter, 'calm');
    for (const symbol of exposed) {
      if (!now.openings.some((order) => order.symbol === symbol)) continue;
      const section = spec.market.regimes[regimeOf(now, symbol)];
      assert.ok(!('reduce_only' in section && section.reduce_only === true), `${when} ${symbol} only reduces`);
      const caps = capsOf(spec, regimeOf(now, symbol), portfolio, levels, false);
      assert.ok(worstCaseOf(now, symbol) <= caps.symbolUsdt + EPSILON, `${when} ${symbol}`);
      assert.ok(gross <= caps.grossUsdt + EPSILON, `${when} gross`);
    }
  }
  return tightened;
}

function worstCaseOf(seen: Observation, symbol: string): number {
  const mark = seen.markets.get(symbol)?.mark_price ?? Number.NaN;
  const held = seen.positions.get(symbol) ?? 0;
  const side = (name: 'BUY' | 'SELL'): number =>
    seen.openings
      .filter((order) => order.symbol === symbol && order.side === name)
      .reduce((sum, order) => sum + order.remaining * Math.max(mark, order.price), 0);
  return Math.max(Math.max(0, held) * mark + side('BUY'), Math.max(0, -held) * mark + side('SELL'));
}

/** Orders whose cancel was asked for with this reason, by client order id. */
export function canceledFor(world: DaemonWorld, reason: string): readonly string[] {
  const found = world.records<OrderIntentEvent>('order_intent');
  return found
    .filter((event) => event.action === 'cancel' && event.reason === reason)
    .map((event) => event.client_order_id);
}

/** wallet = opening balance + everything that ever changed it, and the daemon's equity is the exchange's. */
export function checkMoney(judge: Judge, seen: readonly Observation[]): void {
  const { books } = judge;
  assert.deepEqual(books.liquidations, []);
  const income = books.income.reduce((sum, entry) => sum + Number(entry.amount_usdt), 0);
  const unexplained = Number(books.opening_balance_usdt) + income - Number(books.wallet_balance_usdt);
  assert.ok(Math.abs(unexplained) < EPSILON, `${unexplained} USDT of the wallet came from nowhere`);
  // Where something filled at the very instant, the account was read before the fill and shows no fee of it yet.
  const filledAt = new Set(books.orders.flatMap((order) => order.fills.map((fill) => fill.time_ms)));
  // A step may end while the reading is on its way, behind the bookings of a minute: it shows the one before.
  const isRead = (step: Observation): boolean => step.account.observed_at_ms === step.atMs;
  const late = seen.filter((step) => !isRead(step));
  assert.ok(late.length <= seen.length / 100, `${late.length} of ${seen.length} steps show an older reading`);
  const quiet = seen.filter((step) => isRead(step) && !filledAt.has(step.atMs));
  assert.ok(quiet.length > seen.length / 2, `${quiet.length} of ${seen.length} steps can be compared`);
  for (const step of quiet) {
    const shown = step.account.equity_usdt ?? Number.NaN;
    const when = new Date(step.atMs).toISOString();
    assert.ok(Math.abs(shown - step.equityUsdt) < EPSILON, `${when}: ${shown} is shown, ${step.equityUsdt} is there`);
  }
}

/** The whole ledger: chain, every decision derived again, every context rebuilt from the events before it. */
export function checkAudit(world: DaemonWorld): number {
  const { ledger } = world.daemon;
  const auditor = auditorOf(ledger);
  const result = verifyLedger(ledger, { rederive: auditor.rederive, fold: auditor.fold });
  assert.ok(result.ok, result.ok ? '' : `record ${result.seq}: ${result.problem}: ${result.detail}`);
  assert.deepEqual(auditor.elsewhere, [], 'all of it was decided by this version');
  return result.decisions;
}
