import type { FlattenBody, StateChange, StateLayerBody, TradingStateBody } from '../../contract/types/operator.ts';
import type { TradingStateName } from '../../core/context.ts';
import { profileOf } from '../../core/venues.ts';
import { BOOT, flattenIn, isOver, type LayerEntry, layerEvent, layerKey, stateInForce } from '../callers/layers.ts';
import type { Availability } from '../calls/intake.ts';
import type { Flatten } from '../exits/flatten.ts';
import type { LiveCore } from '../flow/core.ts';
import { endedWithin, type Flow, joined, onDisk, type Started } from '../flow/step.ts';
import type { OrderState } from '../orders/orders.ts';
import { isFlat } from '../positions/positions.ts';
import type { Caller } from '../records/callers.ts';
import type { Canceler } from '../sending/cancels.ts';
import { type LooseningDelay, LooseningRefused, OperatorRequestError } from './loosening-delay.ts';

const SHOWN_NAMES = 20;
/**
 * How long an answer waits for the cancels that follow, wall ms. RISK: a venue that hangs would keep it back, and
 * whoever has halted would not know that trading is.
 */
export const CANCELS_WITHIN_MS = 3_000;

/** All known symbols; null while unread positions or orders may be in others. */
export function findKnownSymbols(core: LiveCore): ReadonlySet<string> | null {
  if (!core.ports.clock.isSynced || core.market.account === null || core.state.rules.size === 0) return null;
  if (core.state.layers.has(layerKey(BOOT))) return null;
  const { state, policySpec } = core;
  const known = new Set<string>([...policySpec.scope.symbols, ...state.rules.keys(), ...state.markets.keys()]);
  for (const { scope } of Object.values(policySpec.agents))
    for (const symbol of scope?.symbols ?? []) known.add(symbol);
  for (const position of state.positions.values()) if (!isFlat(position)) known.add(position.symbol);
  for (const { symbol } of state.orders.all.values()) known.add(symbol);
  for (const layer of state.layers.values()) if (layer.scope === 'symbol' && layer.name !== null) known.add(layer.name);
  return known;
}

/**
 * Agents of tokens and of the policy; null where the tokens cannot be read. RISK: `default` is the section of agents that
 * have none: a halt or a warning of that name would hold nobody, and who gave it would take it for heeded.
 */
export function findNamedAgents({ policySpec, ports }: Pick<LiveCore, 'policySpec' | 'ports'>): Set<string> | null {
  const named = ports.agentNames?.();
  if (named === undefined) return null;
  return new Set([...named, ...Object.keys(policySpec.agents).filter((name) => name !== 'default')]);
}

/** Agents of orders and of layers as well. */
export function findKnownAgents(core: LiveCore): ReadonlySet<string> | null {
  const known = findNamedAgents(core);
  if (known === null) return null;
  for (const { agent } of core.state.orders.all.values()) if (agent !== null) known.add(agent);
  for (const layer of core.state.layers.values())
    if (layer.scope === 'agent' && layer.name !== null) known.add(layer.name);
  return known;
}

/** `symbol FOO is not known here; known: BTCUSDT, ETHUSDT`. */
export function describeUnknown(what: 'symbol' | 'agent', name: string, known: ReadonlySet<string>): string {
  const names = [...known].sort();
  const more = names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : '';
  return `${what} ${name} is not known here; known: ${names.slice(0, SHOWN_NAMES).join(', ') || 'none'}${more}`;
}

function scopeOf({ agent, symbol }: StateChange): Pick<LayerEntry, 'scope' | 'name'> {
  if (symbol !== undefined && agent !== undefined) throw new OperatorRequestError('give symbol or agent, not both');
  return {
    scope: symbol !== undefined ? 'symbol' : agent !== undefined ? 'agent' : 'account',
    name: symbol ?? agent ?? null,
  };
}
const loosens = ({ state }: StateChange, known: LayerEntry | undefined): boolean =>
  state === 'active' || (state === 'reducing' && known?.state === 'halted');

interface OperatorParts {
  readonly core: LiveCore;
  readonly availability: Availability;
  readonly canceler: Canceler;
  readonly flatten: Flatten;
  readonly loosening: LooseningDelay;
  /** Rule 15, at once. */
  readonly review: () => readonly Started<void>[];
}

/** Commands of operators: trading states, flatten, rebase. */
export class Operator {
  readonly #core: LiveCore;
  readonly #parts: OperatorParts;

  constructor(parts: OperatorParts) {
    this.#core = parts.core;
    this.#parts = parts;
  }

  describeState(): TradingStateBody {
    const { time } = this.#core.state;
    const layers = [...this.#core.state.layers.values()].map(
      (entry): StateLayerBody => ({
        clears_when:
          entry.clearsAtMs === null
            ? entry.clearsWhen
            : `${entry.clearsWhen} (at ${new Date(time.venueMs(entry.clearsAtMs)).toISOString()})`,
        layer: entry.layer,
        name: entry.name,
        reason: entry.reason,
        scope: entry.scope,
        set_by: entry.setBy,
        since_ms: time.venueMs(entry.sinceMs),
        state: entry.state,
      }),
    );
    return { layers, state: this.stateOfAccount() };
  }

  /** Before domain time is known nothing can be opened, and a layer with an end counts as if it still held. */
  stateOfAccount(): TradingStateName {
    const { ports, state } = this.#core;
    if (ports.clock.isSynced) return stateInForce(state.layers, this.#core.passedMs(), null, null).state;
    const inForce = stateInForce(state.layers, Number.NEGATIVE_INFINITY, null, null).state;
    return inForce === 'active' ? 'reducing' : inForce;
  }

  /**
   * The same for whoever may only tighten. INVARIANT: looked at and set in one turn. RISK: they must not say anew why a halt
   * stands, nor fill the ledger. @throws LooseningRefused
   */
  *tighten(caller: Caller, change: StateChange): Flow<TradingStateBody> {
    const { scope, name } = scopeOf(change);
    const known = this.#core.state.layers.get(layerKey({ layer: 'operator', scope, name }));
    if (loosens(change, known))
      throw new LooseningRefused(
        `This would loosen (it is ${known?.state ?? 'active'} now), and a session alone may only tighten: show an operator token or a passkey.`,
      );
    if (known?.state === change.state && known.clearsAtMs === null) return yield* this.#carryOut(change);
    return yield* this.setState(caller, change);
  }

  /**
   * Sets the operator layer; `active` also clears the breaker of the same scope. `reducing` over `halted` is a loosening,
   * too.
   */
  *setState(caller: Caller, change: StateChange): Flow<TradingStateBody> {
    const core = this.#core;
    const { scope, name } = scopeOf(change);
    this.#refuseUnknown(change);
    if (change.state === 'active') this.#clear(caller, scope, name, change.reason);
    else {
      const known = core.state.layers.get(layerKey({ layer: 'operator', scope, name }));
      if (loosens(change, known)) this.#parts.loosening.requireWaited(`reducing over halted (${name ?? scope})`);
      core.appendTightening({
        ...layerEvent({ layer: 'operator', scope, name }, change.reason, caller.agent, 'an operator clears it'),
        ...flattenIn(known, core.state.time.tMs),
        state: change.state,
      });
    }
    this.#parts.flatten.endAbandoned();
    return yield* this.#carryOut(change);
  }

  /** Cancels what the layer does not permit, once it is on the disk. */
  *#carryOut(change: StateChange): Flow<TradingStateBody> {
    const core = this.#core;
    const { availability, review } = this.#parts;
    const { scope, name } = scopeOf(change);
    yield* onDisk();
    // Without domain time nothing can be signed: resting orders are canceled on first contact.
    const cancels =
      change.state !== 'active' && core.ports.clock.isSynced
        ? this.#cancelOpening(scope, name, `trading state ${change.state}`)
        : [];
    const following = availability.isStarted ? review() : [];
    yield* endedWithin(CANCELS_WITHIN_MS, core.begin(joined([...cancels, ...following])));
    return this.describeState();
  }

  /** An unknown name is a typo that would pass for a halt. Names that may exist are never refused. */
  #refuseUnknown(change: StateChange): void {
    const symbols = findKnownSymbols(this.#core);
    if (change.symbol !== undefined && symbols !== null && !symbols.has(change.symbol))
      throw new OperatorRequestError(describeUnknown('symbol', change.symbol, symbols));
    const agents = findKnownAgents(this.#core);
    if (change.agent !== undefined && agents !== null && !agents.has(change.agent))
      throw new OperatorRequestError(describeUnknown('agent', change.agent, agents));
  }

  /**
   * Clears the operator layer and the breaker of the same scope. A breaker for something unresolved, or
   * for the venue, is cleared only by its own condition. On live, loosening waits: the layer gets an end instead, and a flatten in
   * progress goes on until then. RISK: one that ends by then anyway keeps its end: whoever asks again begins no delay again.
   */
  #clear(caller: Caller, scope: 'account' | 'symbol' | 'agent', name: string | null, reason: string): void {
    const core = this.#core;
    const isLive = profileOf(core.settings.venue).isRealMoney;
    for (const layer of ['operator', 'breaker'] as const) {
      const entry = core.state.layers.get(layerKey({ layer, scope, name }));
      if (entry === undefined || (layer === 'breaker' && (entry.setBy === 'resolver' || entry.setBy === 'venue')))
        continue;
      const endsAtMs = isLive ? core.nowMs() + core.policySpec.loosen_delay_ms : null;
      if (endsAtMs !== null && entry.clearsAtMs !== null && core.state.time.venueMs(entry.clearsAtMs) <= endsAtMs)
        continue;
      const cleared = layerEvent({ layer, scope, name }, reason, caller.agent, null);
      core.append(
        'state',
        endsAtMs === null
          ? cleared
          : {
              ...cleared,
              clears_at_ms: endsAtMs,
              clears_when: `cleared by ${caller.agent}, after the loosening delay`,
              ...flattenIn(entry, core.passedMs()),
              reason: entry.reason,
              state: entry.state,
            },
      );
    }
  }

  /** On first contact: a state set meanwhile, or one whose cancels a stop interrupted, is applied to resting orders. */
  *cancelUnderLayers(): Flow<void> {
    const now = this.#core.passedMs();
    const standing = [...this.#core.state.layers.values()].filter(
      (entry) => entry.layer === 'operator' && !isOver(entry, now),
    );
    yield* joined(
      standing.flatMap((entry) => this.#cancelOpening(entry.scope, entry.name, `trading state ${entry.state}`)),
    );
  }

  #cancelOpening(scope: string, name: string | null, reason: string): readonly Started<unknown>[] {
    const concerns = (order: { readonly symbol: string; readonly agent: string | null }): boolean =>
      scope === 'account' || (scope === 'symbol' ? order.symbol === name : order.agent === name);
    this.#parts.canceler.dropUnsent(reason, concerns);
    const isMeant = (order: OrderState): boolean => !order.foreign && !order.reduceOnly && concerns(order);
    return this.#parts.canceler.cancelMatching(scope === 'symbol' ? name : null, isMeant, reason);
  }

  /** {@link Flatten.run}, with mistyped symbols separated from known ones. */
  *flatten(caller: Caller, asked: readonly string[] | null, reason: string): Flow<FlattenBody> {
    const core = this.#core;
    const known = findKnownSymbols(core);
    const unknown = known === null ? [] : (asked ?? []).filter((symbol) => !known.has(symbol));
    const mistakes = known === null ? '' : unknown.map((symbol) => describeUnknown('symbol', symbol, known)).join('; ');
    if (unknown.length > 0 && unknown.length === asked?.length) throw new OperatorRequestError(mistakes);
    // RISK: the known symbols are flattened even if another one is mistyped.
    const symbols = asked?.filter((symbol) => !unknown.includes(symbol)) ?? null;
    const body = yield* this.#parts.flatten.run(caller, symbols, reason);
    return unknown.length === 0 ? body : { ...body, canceled: false, note: `${body.note}; ${mistakes}` };
  }

  rebase(caller: Caller, reason: string): { readonly equity_usdt: number } {
    const live = this.#core.market.account;
    if (live === null) throw new OperatorRequestError('the account is not known yet');
    this.#parts.loosening.requireWaited('rebase');
    this.#core.append('rebase', { equity_usdt: live.marginBalanceUsdt, reason, set_by: caller.agent });
    return { equity_usdt: live.marginBalanceUsdt };
  }
}
