import { setTimeout as delay } from 'node:timers/promises';
import { findBudget } from '../core/budget-finding.ts';
import type { TradingStateName } from '../core/context.ts';
import type { ExecutionDecision, Reason } from '../core/decision.ts';
import { formatQuantity } from '../core/quantities.ts';
import { REASONS } from '../core/reasons.ts';
import { writeContext } from '../core/record-text/context.ts';
import type { AccountFeed } from './account-feed.ts';
import type {
  Caller,
  FlattenBody,
  SignalBody,
  SkillClaim,
  StateChange,
  StateLayerBody,
  TradingStateBody,
} from './api.ts';
import type { Canceler } from './cancels.ts';
import { type Decided, decisionId } from './decisions.ts';
import type { DecisionEvent } from './events.ts';
import type { GateCore } from './gate-core.ts';
import { describeUnknown, findKnownAgents, findKnownSymbols } from './known-names.ts';
import { writeRecord } from './record-text.ts';
import type { SliceRunner } from './slices.ts';
import { type Ask, buildContext } from './snapshot.ts';
import { bareRequest } from './standing.ts';
import { stateInForce } from './state/layers.ts';
import { everyLiveOrder } from './state/orders.ts';
import type { PositionState } from './state/positions.ts';

const RELIST_ROUNDS = 20;
const RELIST_MS = 250;
/** A violation's path holds names that an agent chose: no more of it is recorded. */
const VIOLATION_CHARS = 200;
/** Wall time after which a flatten answers with what is left, ms. */
/** Flatten: longest that exits wait for the cancels and their proof, and for a reading of the account, wall ms. */
const CANCEL_FIRST_MS = 2_000;
const READ_FIRST_MS = 1_000;
const FLATTEN_ANSWER_MS = 15_000;

/** A signal or a state that the policy or its form forbids; mapped to 400 by the door. */
export class OperatorRequestError extends Error {
  readonly code = 'INVALID_INPUT';
}

/** A tool may be refused for its name or, when the name is known, for its arguments (`path: what is wrong`). */
function describeRefusedTool(violation: string | null): { readonly hint: string; readonly message: string } {
  if (violation === null) return REASONS.SCOPE_TOOL;
  return {
    hint: 'GET /v1/tools has the schemas of the trading tools, intercept.allow of the policy those of the others.',
    message: `The arguments do not fit the schema of this tool: ${violation.slice(0, VIOLATION_CHARS)}`,
  };
}

/** What is to be closed: while the account and our own count differ, whatever either of them shows. */
function heldLots(position: PositionState): number {
  return position.lots !== 0 ? position.lots : (position.disputedLots ?? 0);
}

/** What operators and monitors may do: trading states, signals, flatten, rebase; and the record of foreign tools. */
export class Operator {
  readonly #core: GateCore;
  readonly #canceler: Canceler;
  readonly #slices: SliceRunner;
  readonly #account: AccountFeed;
  readonly #exit: (caller: Caller, symbol: string, side: 'buy' | 'sell') => Promise<void>;
  readonly #signal: AbortSignal;
  readonly #askedAt = new Map<string, number>();

  constructor(
    core: GateCore,
    canceler: Canceler,
    slices: SliceRunner,
    account: AccountFeed,
    exit: (caller: Caller, symbol: string, side: 'buy' | 'sell') => Promise<void>,
    signal: AbortSignal,
  ) {
    this.#core = core;
    this.#canceler = canceler;
    this.#slices = slices;
    this.#account = account;
    this.#exit = exit;
    this.#signal = signal;
  }

  async addSignal(
    caller: Caller,
    signal: SignalBody,
  ): Promise<{ readonly signal_id: string; readonly expires_at_ms: number }> {
    const core = this.#core;
    const limit = core.policySpec.trust.signals[signal.kind].max_ttl_ms;
    if (signal.ttl_ms > limit) throw new OperatorRequestError(`ttl_ms of a ${signal.kind} signal is at most ${limit}`);
    const expiresAtMs = core.nowMs() + signal.ttl_ms;
    const evidenceHash = signal.evidence === undefined ? null : core.ports.ledger.putText(signal.evidence);
    const { appended, payload } = core.appendBuilt('signal', (seq) => ({
      account: signal.scope.account ?? null,
      agent: signal.scope.agent ?? null,
      evidence_hash: evidenceHash,
      expires_at_ms: expiresAtMs,
      kind: signal.kind,
      set_by: caller.agent,
      severity: signal.severity,
      signal_id: `s-${seq.toString(36)}`,
      symbol: signal.scope.symbol ?? null,
    }));
    await appended.committed;
    return { signal_id: payload.signal_id, expires_at_ms: expiresAtMs };
  }

  describeState(): TradingStateBody {
    const layers = [...this.#core.state.layers.values()].map(
      (entry): StateLayerBody => ({
        clears_when:
          entry.clearsAtMs === null
            ? entry.clearsWhen
            : `${entry.clearsWhen} (at ${new Date(entry.clearsAtMs).toISOString()})`,
        layer: entry.layer,
        name: entry.name,
        reason: entry.reason,
        scope: entry.scope,
        set_by: entry.setBy,
        since_ms: entry.sinceMs,
        state: entry.state,
      }),
    );
    return { layers, state: this.stateOfAccount() };
  }

  /** Before domain time is known nothing can be opened; a layer that ends by itself counts as if it still stood. */
  stateOfAccount(): TradingStateName {
    const { ports, state } = this.#core;
    if (ports.clock.isSynced) return stateInForce(state.layers, ports.clock.nowMs(), null, null).state;
    const inForce = stateInForce(state.layers, Number.NEGATIVE_INFINITY, null, null).state;
    return inForce === 'active' ? 'reducing' : inForce;
  }

  /** Sets the operator layer; `active` also clears the breaker of the same scope, which an operator may. */
  async setState(caller: Caller, change: StateChange): Promise<TradingStateBody> {
    const core = this.#core;
    const scope = change.symbol !== undefined ? 'symbol' : change.agent !== undefined ? 'agent' : 'account';
    if (change.symbol !== undefined && change.agent !== undefined)
      throw new OperatorRequestError('give symbol or agent, not both');
    this.#refuseUnknown(change);
    const name = change.symbol ?? change.agent ?? null;
    if (change.state === 'active') this.#clear(caller, scope, name, change.reason);
    else {
      core.appendTightening({
        clears_at_ms: null,
        clears_when: 'an operator clears it',
        layer: 'operator',
        name,
        reason: change.reason,
        scope,
        set_by: caller.agent,
        state: change.state,
      });
    }
    await core.settled();
    // Without domain time nothing can be signed: what rests is canceled at the first contact.
    if (change.state !== 'active' && core.ports.clock.isSynced)
      await this.#cancelOpening(scope, name, `trading state ${change.state}`);
    return this.describeState();
  }

  /** A name that nothing here goes by is a slip that would pass for a halt. Never refuses what may exist. */
  #refuseUnknown(change: StateChange): void {
    const symbols = findKnownSymbols(this.#core);
    if (change.symbol !== undefined && symbols !== null && !symbols.has(change.symbol))
      throw new OperatorRequestError(describeUnknown('symbol', change.symbol, symbols));
    const agents = findKnownAgents(this.#core);
    if (change.agent !== undefined && agents !== null && !agents.has(change.agent))
      throw new OperatorRequestError(describeUnknown('agent', change.agent, agents));
  }

  /**
   * Takes down the operator layer and the breaker of the same scope. A breaker that stands for something unresolved, or
   * for the venue, is taken down by its own condition only. On live, loosening waits: the layer gets an end instead.
   */
  #clear(caller: Caller, scope: 'account' | 'symbol' | 'agent', name: string | null, reason: string): void {
    const core = this.#core;
    const isLive = core.settings.venue === 'binance-live';
    for (const layer of ['operator', 'breaker'] as const) {
      const entry = core.state.layers.get(`${layer}|${scope}|${name ?? ''}`);
      if (entry === undefined || (layer === 'breaker' && (entry.setBy === 'resolver' || entry.setBy === 'venue')))
        continue;
      core.append('state', {
        clears_at_ms: isLive ? core.nowMs() + core.policySpec.loosen_delay_ms : null,
        clears_when: isLive ? `cleared by ${caller.agent}, after the loosening delay` : '',
        layer,
        name,
        reason: isLive ? entry.reason : reason,
        scope,
        set_by: caller.agent,
        state: isLive ? entry.state : 'active',
      });
    }
  }

  /** At the first contact: a state that was set meanwhile, or whose cancels a stop cut off, holds for what rests. */
  async cancelUnderLayers(): Promise<void> {
    const now = this.#core.nowMs();
    const standing = [...this.#core.state.layers.values()].filter(
      (entry) => entry.layer === 'operator' && (entry.clearsAtMs === null || now < entry.clearsAtMs),
    );
    for (const entry of standing) await this.#cancelOpening(entry.scope, entry.name, `trading state ${entry.state}`);
  }

  async #cancelOpening(scope: string, name: string | null, reason: string): Promise<void> {
    const concerns = (order: { readonly symbol: string; readonly agent: string | null }): boolean =>
      scope === 'account' || (scope === 'symbol' ? order.symbol === name : order.agent === name);
    this.#slices.dropUnsent(reason, concerns);
    await this.#canceler.cancelMatching(
      scope === 'symbol' ? name : null,
      (order) => !order.foreign && !order.reduceOnly && concerns(order),
      reason,
    );
  }

  /**
   * The kill switch: `halted` is on disk first, then every regular and conditional opening order is canceled and the
   * lists are read again until they are empty, then the positions are closed. Protective stops stay until flat.
   */
  async flatten(caller: Caller, asked: readonly string[] | null, reason: string): Promise<FlattenBody> {
    const core = this.#core;
    const known = findKnownSymbols(core);
    const unknown = known === null ? [] : (asked ?? []).filter((symbol) => !known.has(symbol));
    const mistakes = known === null ? '' : unknown.map((symbol) => describeUnknown('symbol', symbol, known)).join('; ');
    if (unknown.length > 0 && unknown.length === asked?.length) throw new OperatorRequestError(mistakes);
    // RISK: beside a mistyped symbol the others are flattened all the same.
    const symbols = asked?.filter((symbol) => !unknown.includes(symbol)) ?? null;
    const body = await this.#flatten(caller, symbols, reason);
    return unknown.length === 0 ? body : { ...body, canceled: false, note: `${body.note}; ${mistakes}` };
  }

  async #flatten(caller: Caller, symbols: readonly string[] | null, reason: string): Promise<FlattenBody> {
    const core = this.#core;
    const state: StateChange[] =
      symbols === null
        ? [{ state: 'halted', reason }]
        : symbols.map((symbol) => ({ state: 'halted' as const, reason, symbol }));
    for (const change of state) {
      const scope = change.symbol === undefined ? 'account' : 'symbol';
      const appended = core.appendTightening({
        clears_at_ms: null,
        clears_when: 'an operator clears it',
        layer: 'operator',
        name: change.symbol ?? null,
        reason,
        scope,
        set_by: caller.agent,
        state: 'halted',
      });
      await appended.committed;
    }
    const targets = symbols ?? this.#account.watched();
    if (!core.ports.clock.isSynced) return this.#describeFlatten(targets, false);
    // RISK: lists that do not come must not hold up the exits: the cancels then go on beside them.
    const canceling = this.#cancelEverything(targets);
    const isCanceled = await this.#within(CANCEL_FIRST_MS, canceling);
    await this.#within(READ_FIRST_MS, this.#account.pollAccount());
    await this.#exitAll(caller, targets);
    await this.#within(READ_FIRST_MS, this.#account.pollAccount());
    return this.#describeFlatten(targets, isCanceled === true || (await this.#within(0, canceling)) === true);
  }

  /** What it comes to in that time of wall clock; null: later, or it failed, which is an alert. */
  async #within<T>(ms: number, running: Promise<T>): Promise<T | null> {
    const guarded = running.catch((error: unknown) => {
      if (!this.#signal.aborted) this.#core.alertRarely('FLATTEN_FAILED', String(error));
      return null;
    });
    const answered = new AbortController();
    const late = delay(ms, null, { signal: answered.signal }).catch(() => null);
    const first = await Promise.race([guarded, late]);
    answered.abort();
    return first;
  }

  #describeFlatten(symbols: readonly string[], canceled: boolean): FlattenBody {
    const core = this.#core;
    const left = symbols
      .map((symbol) => core.state.position(symbol))
      .filter((position) => heldLots(position) !== 0)
      .map((position) => {
        const rules = core.state.rules.get(position.symbol);
        const quantity =
          rules === undefined
            ? String(heldLots(position))
            : formatQuantity(heldLots(position), { lot_mantissa: rules.lotMantissa, lot_scale: rules.lotScale });
        return { quantity, symbol: position.symbol };
      });
    return {
      canceled,
      note: !core.ports.clock.isSynced
        ? 'halted; the venue has not answered yet, so nothing could be canceled or closed: flatten again when it does, or act at the venue'
        : left.length > 0
          ? 'positions are left: flatten again, or close them at the venue'
          : canceled
            ? 'flat: trading stays halted until an operator sets it active'
            : 'flat, but not every order is proven canceled: that goes on; trading stays halted until an operator sets it active',
      positions_left: left,
      state: 'halted',
    };
  }

  /** Exits go on by themselves; an answer is owed in bounded time, also when an exit's outcome cannot be learned. */
  async #exitAll(caller: Caller, symbols: readonly string[]): Promise<void> {
    const exits = symbols.map(async (symbol) => {
      const lots = heldLots(this.#core.state.position(symbol));
      if (lots === 0) return;
      try {
        await this.#exit(caller, symbol, lots > 0 ? 'sell' : 'buy');
      } catch (error) {
        if (!this.#signal.aborted) this.#core.alert('FLATTEN_EXIT_FAILED', String(error), symbol);
      }
    });
    const answered = new AbortController();
    await Promise.race([
      Promise.all(exits),
      delay(FLATTEN_ANSWER_MS, undefined, { signal: answered.signal }).catch(() => undefined),
    ]);
    answered.abort();
  }

  async #cancelEverything(symbols: readonly string[]): Promise<boolean> {
    const isOpening = (order: { readonly reduceOnly: boolean; readonly symbol: string }): boolean =>
      !order.reduceOnly && symbols.includes(order.symbol);
    this.#slices.dropUnsent('flatten', isOpening);
    for (let round = 0; round < RELIST_ROUNDS && !this.#signal.aborted; round += 1) {
      await this.#account.pollOrders();
      await this.#canceler.cancelMatching(null, isOpening, 'flatten');
      const open = await this.#core.ports.venue.fetchOpenOrders(symbols);
      if (
        open.kind === 'ok' &&
        !open.value.some((order) => !order.reduceOnly && !order.closePosition && symbols.includes(order.symbol))
      ) {
        const left = [...everyLiveOrder(this.#core.state.orders)].filter(isOpening);
        // What is on its way is waited for; what is unknown must not hold up the exits, but is not called canceled.
        if (!left.some((order) => order.status === 'in_flight')) return left.length === 0;
      }
      await delay(RELIST_MS, undefined, { signal: this.#signal });
    }
    return false;
  }

  async rebase(caller: Caller, reason: string): Promise<{ readonly equity_usdt: number }> {
    const live = this.#core.market.account;
    if (live === null) throw new OperatorRequestError('the account is not known yet');
    this.#waitForLoosening('rebase');
    const appended = this.#core.append('rebase', { equity_usdt: live.marginBalanceUsdt, reason, set_by: caller.agent });
    await appended.committed;
    return { equity_usdt: live.marginBalanceUsdt };
  }

  /** On live what loosens is asked for twice: the first time starts the delay, the second after it takes effect. */
  #waitForLoosening(what: string): void {
    if (this.#core.settings.venue !== 'binance-live') return;
    const now = this.#core.nowMs();
    const delayMs = this.#core.policySpec.loosen_delay_ms;
    const askedAt = this.#askedAt.get(what);
    if (askedAt !== undefined && now - askedAt >= delayMs) {
      this.#askedAt.delete(what);
      return;
    }
    if (askedAt === undefined) this.#askedAt.set(what, now);
    const readyAt = new Date((askedAt ?? now) + delayMs).toISOString();
    throw new OperatorRequestError(`on binance-live ${what} waits: ask again after ${readyAt}`);
  }

  /** Inputs of rule 4 that are not fresh, in words, over every symbol of the policy. */
  staleInputs(): readonly string[] {
    const core = this.#core;
    const { freshness } = core.policySpec.market;
    const now = core.nowMs();
    const stale: string[] = [];
    const isOld = (atMs: number | null | undefined, maxMs: number): boolean =>
      atMs === null || atMs === undefined || now - atMs > maxMs;
    if (core.market.clockSkewMs === null || core.market.clockSkewMs > freshness.clock_skew_ms) stale.push('the clock');
    if (isOld(core.market.account?.observedAtMs, freshness.account_ms)) stale.push('the account');
    for (const symbol of core.policySpec.scope.symbols) {
      const live = core.market.symbol(symbol);
      const rules = core.state.rules.get(symbol);
      if (isOld(live?.markAtMs, freshness.mark_ms)) stale.push(`the mark of ${symbol}`);
      if (isOld(live?.quoteAtMs, freshness.quote_ms)) stale.push(`the book of ${symbol}`);
      if (isOld(live?.features?.bars_as_of_ms, freshness.bars * core.policySpec.market.bar_ms))
        stale.push(`the bars of ${symbol}`);
      if (isOld(rules?.observedAtMs, freshness.filters_ms)) stale.push(`the filters of ${symbol}`);
    }
    return stale;
  }

  /** `intercept` of a tool that is executed elsewhere: ALLOW by name and schema, everything else BLOCK SCOPE_TOOL. */
  recordForeignTool(
    caller: Caller,
    tool: string,
    allowed: boolean,
    violation: string | null,
    bodyHash: string,
    skill: SkillClaim | null,
  ): Decided {
    const core = this.#core;
    const policy = core.policyFor(caller.agent);
    const request = {
      ...bareRequest(core, ''),
      agent: caller.agent,
      intent: 'open' as const,
      order_type: null,
      origin: 'agent' as const,
      requested_leverage: null,
      side: null,
      skill_sha256: skill === null ? null : (skill.sha256 ?? 'none'),
      symbol: null,
    };
    const ask: Ask = {
      phase: 'parent',
      venue: core.settings.venue,
      accountName: core.settings.account,
      tokenSkillSha256: caller.skillSha256,
      schemaViolation: null,
      own: null,
      leaving: null,
      exitRung: 0,
      sliceLots: null,
      parentPriceTicks: null,
      target: null,
    };
    const context = buildContext(core.state, core.market.inputs(core.nowMs()), request, policy, ask);
    const found = findBudget(context, policy);
    const shown = tool.slice(0, 64);
    const reasons: readonly Reason[] = allowed
      ? []
      : [{ code: 'SCOPE_TOOL', ...describeRefusedTool(violation), limit: null, observed: shown, unit: null }];
    const decision: ExecutionDecision = {
      budget: found.record,
      condition_reducing: false,
      constraints: {
        cooldown_ms: 0,
        leverage_cap: 1,
        notional_cap: 0,
        order_rate_cap: 0,
        slippage_cap_bps: 0,
        staging_plan: [],
      },
      decision: allowed ? 'ALLOW' : 'BLOCK',
      effective: null,
      enforced: true,
      reasons,
      retry_after_ms: null,
      verdicts: [
        { code: 'SCOPE_TOOL', limit: null, observed: shown, outcome: allowed ? 'pass' : 'deny', rule: 2, unit: null },
      ],
    };
    const contextText = writeContext(context);
    const contextHash = core.ports.sha256(contextText);
    const { state } = core;
    const { appended, payload, written } = core.appendWritten('decision', (seq) => {
      const event: DecisionEvent = {
        agent: caller.agent,
        body_hash: bodyHash,
        context,
        decision: {
          agent: caller.agent,
          at_ms: core.nowMs(),
          binding: false,
          ...decision,
          context_hash: contextHash,
          decision_id: decisionId(core.ports.ledger.genesis.genesis_id, seq),
          kind: 'intercept',
          policy_hash: core.policyHash,
          request_id: null,
          seq,
          symbol: null,
          tool: shown,
        },
        market_seq: state.marketSeq,
        orders: [],
        parent_decision_id: null,
        request,
        route: 'intercept',
        state_seq: state.stateSeq,
        texts: {},
      };
      return { payload: event, ...writeRecord(event, contextText) };
    });
    core.ports.observer.decided(
      'intercept',
      'foreign',
      decision.decision,
      reasons.map((reason) => reason.code),
      0,
    );
    return {
      body: payload.decision,
      record: written,
      event: payload,
      appended,
      policy,
      decidedAtWallMs: performance.now(),
    };
  }
}
