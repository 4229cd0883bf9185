import { agentSection } from '../../../daemon/core/compiled-policy.ts';
import type { IntendedPolicySpec } from '../../../daemon/core/policy.ts';
import { OPENING_ENDED, SLICE_DROPPED } from '../../../daemon/engine/decide/openings-to-end.ts';
import { NO_LONGER_FITS } from '../../../daemon/engine/plan/resting-review.ts';
import { at, type Breach } from '../breach.ts';
import type { History, Note } from '../history.ts';
import type { Decision, PlannedBy } from '../records.ts';

/** For so long before a review nothing was recorded that could have asked for it, ms. */
const QUIET_MS = 3_000;
/** Between an exit and what it ends, ms: it is sent and filled meanwhile. */
const ENDED_WITHIN_MS = 60_000;
/** From the loosest on. */
const REGIMES = ['calm', 'volatile', 'extreme'];
const STATES = ['active', 'reducing', 'halted'];
/** What the tiers of the account are reached by. */
const OF_AGENT = ['day', 'week'] as const;
const OF_ACCOUNT = ['drawdown', 'daily_loss', 'margin_ratio'] as const;

/** What rests stays until something tightens, and an exit ends nothing but what would open again what it closes. */
export function findStandingBreaches(history: History): readonly Breach[] {
  return [...findUntightened(history), ...findEndedForNothing(history)];
}

/**
 * A price that moves is no reason to ask an order back that the policy has permitted.
 * @except something is stricter than by its own decision
 * @except it is younger than three seconds
 * @except what may tighten is on record within three seconds
 * @except its agent’s hours have turned
 * @except it has filled, and a reading of the account says so before its report: until then it counts twice
 */
function findUntightened(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const { atMs, event, seq } of history.events) {
    if (event.kind !== 'order_intent' || event.payload.action !== 'cancel') continue;
    const { client_order_id: id, reason } = event.payload;
    const order = history.orders.get(id);
    if (reason !== NO_LONGER_FITS || order === undefined) continue;
    if (history.fills.some((fill) => fill.clientId === id && fill.atMs <= atMs)) continue;
    const again = [...history.decisions.values()].findLast(
      (decision) =>
        decision.seq < seq && decision.event.decision.kind === 'standing' && decision.symbol === order.planned.symbol,
    );
    if (again === undefined || isTighter(history, order, again) || order.decision.atMs > atMs - QUIET_MS) continue;
    const last = history.events.findLast((note) => note.seq < seq && isTelling(history, note, order, atMs));
    if (last === undefined || last.atMs > atMs - QUIET_MS || haveHoursTurned(history, atMs)) continue;
    breaches.push({
      code: 'standing/untightened',
      detail: `${id} of ${order.decision.agent} is asked back at ${at(atMs)}, and nothing has tightened: the last record that may is the ${last.event.kind} of ${at(last.atMs)}`,
    });
  }
  return breaches;
}

/** An agent's hours have begun or ended: that has no record of its own, and whatever rests is decided again. */
function haveHoursTurned({ plan }: History, atMs: number): boolean {
  const { fromMs = Number.NaN, toMs = Number.NaN } = plan.setup.limits?.closed ?? {};
  return [fromMs, toMs].some((turnMs) => turnMs <= atMs && turnMs > atMs - QUIET_MS);
}

/**
 * A record after which a review of that order is due: of what tightens and bears on it, of a loss, of somebody else's trading, of a change of the order,
 * of a cancel, which may come too late. Not the review's own.
 */
function isTelling(history: History, note: Note, { decision, planned }: PlannedBy, reviewMs: number): boolean {
  const { decisions, orders } = history;
  const { atMs, event } = note;
  if (event.kind === 'policy') return isTighterPolicy(history, note.seq, event.payload.hash);
  // What is lifted, or ended, tightens nothing.
  if (event.kind === 'state') {
    const { name, scope, state } = event.payload;
    const bears = scope === 'account' || name === (scope === 'agent' ? decision.agent : planned.symbol);
    return bears && state !== 'active';
  }
  if (event.kind === 'signal') {
    const { agent, ended_reason: ended, symbol } = event.payload;
    const bears = (agent ?? decision.agent) === decision.agent && (symbol ?? planned.symbol) === planned.symbol;
    return bears && ended === undefined && !isRepeated(history, note.seq, event);
  }
  if (event.kind === 'trade') return event.payload.realised_pnl_usdt < 0;
  // A reading shows what a person has closed: a smaller counterweight of what rests in other symbols.
  if (event.kind === 'account')
    return history.world.beliefs.of(event).some(({ isAdopted, symbol }) => isAdopted && symbol !== planned.symbol);
  if (event.kind === 'order_intent') return atMs !== reviewMs || event.payload.reason !== NO_LONGER_FITS;
  const by = event.kind === 'decision' ? decisions.get(event.payload.decision.decision_id) : undefined;
  // What is refused changes nothing for others.
  if (by !== undefined && by.event.decision.decision === 'BLOCK') return false;
  if (by !== undefined)
    return by.event.decision.kind !== 'standing' && (by.agent !== decision.agent || by.symbol !== planned.symbol);
  if (event.kind !== 'order') return false;
  const of = orders.get(event.payload.client_order_id);
  if (event.payload.executed_e8 === 0) return false;
  return of?.decision.agent !== decision.agent || of.planned.symbol !== planned.symbol;
}

/** Of a signal, one of its kind that names the same stands already. */
function isRepeated(
  { events }: History,
  seq: number,
  { at_ms: atMs, payload }: Extract<Note['event'], { readonly kind: 'signal' }>,
): boolean {
  const standing = new Set<string>();
  for (const { event, seq: of } of events) {
    if (of >= seq) break;
    if (event.kind !== 'signal') continue;
    const { agent, ended_reason: ended, expires_at_ms: endsMs, kind, signal_id: id, symbol } = event.payload;
    if (kind !== payload.kind || agent !== payload.agent || symbol !== payload.symbol) continue;
    if (ended === undefined && endsMs > atMs) standing.add(id);
    else standing.delete(id);
  }
  return standing.size > 0;
}

/** A policy whose caps are in some key below those of the one before. */
function isTighterPolicy({ events, world }: History, seq: number, hash: string): boolean {
  const before = events.findLast(
    ({ event, seq: of }) => of < seq && event.kind === 'policy' && event.payload.action === 'in_force',
  );
  const capsOf = (of: string | null): readonly number[] => {
    const spec = world.policies.find(({ policy }) => policy.hash === of)?.policy.spec;
    if (spec === undefined) return [];
    const { gross_notional_usdt, order_notional_usdt, slippage_bps, symbol_notional_usdt } = spec.budgets;
    return [gross_notional_usdt, order_notional_usdt, slippage_bps, symbol_notional_usdt];
  };
  const former = capsOf(before?.event.kind === 'policy' ? before.event.payload.hash : null);
  return former.length === 0 || capsOf(hash).some((cap, key) => cap < (former[key] ?? 0));
}

/**
 * What the market and the account say without a record of their own: by the last review something is stricter than by the
 * order's own decision, or by one since.
 */
function isTighter(history: History, order: PlannedBy, again: Decision): boolean {
  const { decisions, plan, world } = history;
  const spec = world.policies.find(({ policy }) => policy.hash === again.event.decision.policy_hash)?.policy.spec;
  if (spec === undefined) return false;
  const { agent } = order.decision;
  const limits = {
    distance: spec.account.min_liquidation_distance,
    heldMs: heldAtMostMs(plan.setup, agent),
    agent,
    risks: risksOf(spec, agent),
    losses: lossesOf(spec, agent),
    tiers: OF_ACCOUNT.map((of) => ({ of, levels: spec.account[of].tiers.map((tier) => tier.at) })),
  };
  const now = strictness(again, limits);
  return [...decisions.values()].some(
    (then) =>
      then.seq >= order.decision.seq &&
      then.seq < again.seq &&
      then.symbol === again.symbol &&
      strictness(then, limits).some((level, place) => (now[place] ?? 0) > level),
  );
}

/** How long a position may be old before an agent's openings beside it are too many, ms. */
function heldAtMostMs({ policy }: History['plan']['setup'], agent: string): number {
  const path = 'budgets.holding_time_ms';
  return Math.min(...[path, `agents.${agent}.${path}`].map((key) => Number(policy?.[key] ?? Number.POSITIVE_INFINITY)));
}

interface Limits {
  /** Of the position from its liquidation, at least. */
  readonly distance: number;
  readonly heldMs: number;
  /** Whose order it is, and the risks from which on less, and then nothing, is opened. */
  readonly agent: string;
  readonly risks: readonly number[];
  /** What it may lose from one tier to the next, USDT. */
  readonly losses: readonly { readonly of: (typeof OF_AGENT)[number]; readonly levels: readonly number[] }[];
  readonly tiers: readonly { readonly of: (typeof OF_ACCOUNT)[number]; readonly levels: readonly number[] }[];
}

/** The risk of an agent rises by itself where its last trades become too old to count. */
function risksOf(spec: IntendedPolicySpec, agent: string): readonly number[] {
  const { block_at: blockAt, limit_at: limitAt } = { ...spec.trader_state, ...agentSection(spec, agent).trader_state };
  return [limitAt, blockAt];
}

function lossesOf(spec: IntendedPolicySpec, agent: string): Limits['losses'] {
  const { loss } = agentSection(spec, agent);
  return OF_AGENT.map((of) => ({ of, levels: (loss?.[of] ?? []).map(({ at_usdt: at }) => at) }));
}

/**
 * Each by itself: the trading state, which no opening order outlasts, however late a new life can look at what rests; the
 * regime of the symbol, the strictest of all others, how near and how old the position is, the agent's risk and the tiers of
 * its own loss, and the tiers that the account has reached.
 */
function strictness({ agent, event: { context } }: Decision, limits: Limits): readonly number[] {
  const { account, exposure, market, state } = context;
  const own = REGIMES.indexOf(market.held_regime);
  const distance = exposure.liquidation_distance;
  return [
    STATES.indexOf(state.state),
    own,
    // Whatever rests is decided again, also where this symbol was as strict before.
    exposure.other_regime === null ? 0 : REGIMES.indexOf(exposure.other_regime),
    distance !== null && distance < limits.distance ? 1 : 0,
    context.now_ms - (exposure.position_since_ms ?? context.now_ms) >= limits.heldMs ? 1 : 0,
    // Somebody else's says nothing of its risk.
    agent === limits.agent ? limits.risks.filter((level) => context.agent.p_risk >= level).length : Number.NaN,
    ...limits.losses.map(({ of, levels }) => {
      const lost = context.agent.losses?.[`${of}_usdt`] ?? Number.POSITIVE_INFINITY;
      return agent === limits.agent ? levels.filter((level) => lost >= level).length : Number.NaN;
    }),
    ...(account === null
      ? [Number.POSITIVE_INFINITY]
      : limits.tiers.map(({ of, levels }) => levels.filter((level) => account[of] >= level).length)),
  ];
}

function findEndedForNothing(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const { atMs, event } of history.events) {
    const id = endedBy(event);
    if (id === null) continue;
    const order = history.orders.get(id);
    if (order !== undefined && closings(history, atMs).some((exit) => wouldUndo(order.decision, exit))) continue;
    breaches.push({
      code: 'exit-ends-another',
      detail: `${id}${order === undefined ? ', not one of ours,' : ` (${order.planned.side}, of ${order.decision.agent})`} is ended at ${at(atMs)} for an exit, and no exit of its symbol was asked for`,
    });
  }
  return breaches;
}

/** The order that an exit ends, by this record. */
function endedBy(event: Note['event']): string | null {
  if (event.kind === 'order_intent' && event.payload.action === 'cancel' && event.payload.reason === OPENING_ENDED)
    return event.payload.client_order_id;
  return event.kind === 'order' && event.payload.detail === SLICE_DROPPED ? event.payload.client_order_id : null;
}

interface Closing {
  readonly symbol: string;
  /** Null: it ends what is anybody's. */
  readonly agent: string | null;
}

/** Exits, changes of exits and stops that may have closed something lately. */
function closings(history: History, beforeMs: number): readonly Closing[] {
  const found: Closing[] = [];
  for (const { atMs, event, origin } of history.decisions.values()) {
    if (atMs > beforeMs) continue;
    const { effective } = event.decision;
    for (const planned of event.orders)
      if (planned.reduce_only && (planned.protective || atMs >= beforeMs - ENDED_WITHIN_MS))
        found.push({
          symbol: planned.symbol,
          agent: origin === 'agent' && !planned.protective ? event.agent : null,
        });
    const amended = history.orders.get(event.request.client_order_id ?? '')?.planned;
    if (effective?.action === 'amend' && effective.reduce_only && amended !== undefined)
      found.push({ symbol: amended.symbol, agent: event.agent });
  }
  return found;
}

/** An exit ends what its agent opens in the symbol, on both sides. */
function wouldUndo({ agent, symbol }: Decision, exit: Closing): boolean {
  return exit.symbol === symbol && (exit.agent === null || exit.agent === agent);
}
