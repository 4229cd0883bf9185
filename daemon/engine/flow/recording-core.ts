import { type CompiledPolicy, compilePolicy } from '../../core/compiled-policy.ts';
import { decide } from '../../core/decide/decide.ts';
import type { IntendedPolicySpec } from '../../core/policy.ts';
import { profileOf } from '../../core/venues.ts';
import { lookUpPolicies, type PolicyLookup, retell } from '../audit/retell.ts';
import { bootEvent } from '../callers/layers.ts';
import type { AuthorityNow } from '../openings/authority-now.ts';
import { isLost, isRejected, isUnknown, type OrderState } from '../orders/orders.ts';
import type { PlanClock } from '../plan/deadline.ts';
import { type IdSource, OrderCounts } from '../plan/orders.ts';
import { LiveMarket } from '../readings/live-market.ts';
import type { DecisionEvent, OrderEvent, ReportedDecision } from '../records/decisions.ts';
import type { EventKind, GateEvent, GateEvents } from '../records/events.ts';
import type { StateEvent } from '../records/people-events.ts';
import { GateState } from '../state/gate-state.ts';
import { toRows } from '../state/views.ts';
import type {
  ClockMoved,
  EngineCore,
  EngineLog,
  LiveCore,
  LivePorts,
  LiveSettings,
  Lookout,
  RecordDetails,
  Recorded,
} from './core.ts';
import type { LedgerRecord, TokenWords } from './ports.ts';
import type { Flow, Started } from './step.ts';

/** A record may be dated so much later than the next one without the clock having been set back. */
const SET_BACK_MS = 1_000;
/** Wall time between two equal alerts of something that goes on failing, ms. */
const ALERT_EVERY_MS = 60_000;

/**
 * Longest single sleep towards a time on the domain clock, wall ms. The caller then checks again: the clock may have
 * jumped, or its rate changed, since the span was computed.
 */
export const LOOK_AGAIN_MS = 5_000;

/** What parts are to whatever they share; closures, since each of them shares it. */
export type GateHooks = Pick<EngineCore, 'isUnsent' | 'onRecheckFailure' | 'isStopping' | 'lookout'>;
const nothing = (): void => undefined;
/** For whoever has no such parts. */
export const NO_HOOKS: GateHooks = {
  isUnsent: () => false,
  onRecheckFailure: nothing,
  isStopping: () => false,
  lookout: { found: nothing, listed: nothing, suspect: nothing },
};

function planClockOf({ clock, time }: Pick<LivePorts, 'clock' | 'time'>): PlanClock {
  return {
    nowMs: () => clock.nowMs(),
    wallMs: () => time.monotonicMs(),
    get scale() {
      return clock.scale;
    },
  };
}

/**
 * What every part shares: folded state, live inputs, policy in force and the ports. Appending applies the
 * event to the state in the same turn; nothing else writes state.
 */
export abstract class RecordingCore<Ports extends LivePorts = LivePorts> implements LiveCore {
  readonly state: GateState;
  readonly market: LiveMarket;
  readonly ports: Ports;
  readonly settings: LiveSettings;
  readonly sends: OrderCounts;
  readonly planClock: PlanClock;
  #policy: { readonly spec: IntendedPolicySpec; readonly hash: string };
  readonly #compiled = new Map<string, CompiledPolicy>();
  readonly #recordedPolicies: PolicyLookup;
  readonly #alertedAt = new Map<string, number>();
  readonly #policyListeners: (() => void)[] = [];
  consoleAddress: string | null = null;
  readonly isWritten = true;
  readonly longestWaitMs = LOOK_AGAIN_MS;
  readonly decide = decide;
  protected readonly hooks: GateHooks;
  /** Told of each record when it is in the views, before it is on disk; null: nobody looks. */
  onAppended: ((event: GateEvent) => void) | null = null;

  constructor(
    ports: Ports,
    settings: LiveSettings,
    policy: { readonly spec: IntendedPolicySpec; readonly hash: string },
    { hooks = NO_HOOKS, state = new GateState() }: { readonly hooks?: GateHooks; readonly state?: GateState } = {},
  ) {
    this.state = state;
    this.ports = ports;
    this.hooks = hooks;
    this.settings = settings;
    this.sends = new OrderCounts(() => ports.time.monotonicMs());
    this.planClock = planClockOf(ports);
    this.#policy = policy;
    this.#recordedPolicies = lookUpPolicies((hash) => ports.ledger.readPolicy(hash));
    this.market = new LiveMarket(policy.spec.market);
  }

  get lookout(): Lookout {
    return this.hooks.lookout;
  }
  isUnsent(order: OrderState): boolean {
    return this.hooks.isUnsent(order);
  }
  onRecheckFailure(): void {
    this.hooks.onRecheckFailure();
  }
  isStopping(): boolean {
    return this.hooks.isStopping();
  }
  abstract begin<R>(flow: Flow<R>): Started<R>;
  /** Gives a record to the ledger: its place. @throws what the ledger throws when it cannot take it */
  protected abstract take(record: LedgerRecord): number;

  nowMs(): number {
    return this.ports.clock.nowMs();
  }

  /** Tokens are read once, where they are asked for. */
  authorityNow(): AuthorityNow {
    let read: TokenWords | undefined;
    const words = (): TokenWords | undefined => {
      read ??= this.ports.tokenWords?.();
      return read;
    };
    return {
      nowMs: this.nowMs(),
      tMs: this.passedMs(),
      policyHash: this.policyHash,
      spec: this.policySpec,
      stands: (id) => this.state.passkeys.find(id) !== null || words()?.stands(id) !== false,
      isSpokenFor: (agent) => words()?.isSpokenFor(agent) !== false,
    };
  }

  /** `t` of now. RISK: by venue time a clock that went ahead would end every delay. */
  passedMs(): number {
    return this.state.time.atNow(this.nowMs());
  }

  get ids(): IdSource {
    return { genesisId: this.ports.ledger.genesis.genesis_id, epoch: this.state.recovery?.epoch ?? null };
  }

  get policySpec(): IntendedPolicySpec {
    return this.#policy.spec;
  }
  get policyHash(): string {
    return this.#policy.hash;
  }
  policyFor(agent: string): CompiledPolicy {
    const known = this.#compiled.get(agent);
    if (known !== undefined) return known;
    const compiled = compilePolicy(this.#policy.spec, this.#policy.hash, agent);
    // Agents come from tokens, so their number is bounded; still, never grow without end.
    if (this.#compiled.size > 1000) this.#compiled.clear();
    this.#compiled.set(agent, compiled);
    return compiled;
  }
  retell(event: DecisionEvent): ReportedDecision {
    return retell(event, this.#recordedPolicies, this.ports.sha256);
  }
  policyOf(hash: string, agent: string): CompiledPolicy | null {
    return hash === this.#policy.hash ? this.policyFor(agent) : this.#recordedPolicies(hash, agent);
  }
  usePolicy(policy: { readonly spec: IntendedPolicySpec; readonly hash: string }): void {
    this.#policy = policy;
    this.#compiled.clear();
    this.market.usePolicy(policy.spec.market);
    for (const listener of this.#policyListeners) listener();
  }
  isCallerLive(id: string): boolean {
    return this.state.passkeys.find(id) !== null || this.ports.isTokenLive?.(id) !== false;
  }
  onPolicyChange(listener: () => void): void {
    this.#policyListeners.push(listener);
  }

  /**
   * Puts the boot layer back, and says how much time has passed (state/passed-time.ts). Where the clock was set back, days
   * of accounts and what is told by the outbox lie in the future: the record says so, and they are brought to now.
   */
  appendBoot(reason: string, { agrees = false, aheadMs = 0, unpassedMs = aheadMs }: ClockMoved = {}): void {
    const { ports, settings, state } = this;
    const nowMs = this.nowMs();
    const isSetBack = state.latestEventAtMs - nowMs > SET_BACK_MS;
    const { clockAheadMs } = state;
    // It was down while the clock came back.
    const backMs = isSetBack && aheadMs === 0 ? Math.min(clockAheadMs, state.latestEventAtMs - nowMs) : 0;
    // Instants are whole; never too much has passed.
    const movedMs = Math.ceil(aheadMs - backMs);
    this.append('state', {
      ...bootEvent(reason, 'reducing'),
      ...(isSetBack ? { clock_set_back: true } : {}),
      ...(movedMs === 0 ? {} : { clock_ahead_ms: movedMs }),
      ...(agrees ? { clock_agrees: true } : {}),
      ...(profileOf(settings.venue).isSimulated ? {} : { host_offset_ms: nowMs - ports.time.hostMs() }),
      t_ms: state.time.atNow(nowMs - Math.ceil(unpassedMs)),
    });
    if (isSetBack) this.market.setBack(nowMs);
  }

  nextSeq(): number {
    return this.ports.ledger.nextSeq();
  }

  /**
   * Appends a record, and applies it to the state.
   *
   * @throws LedgerError LEDGER_ARGUMENT when it cannot be taken, LEDGER_FAILED, LEDGER_CLOSED: nothing was recorded or applied
   */
  append<K extends EventKind>(kind: K, payload: GateEvents[K], details: RecordDetails = {}): Recorded {
    const { atMs = this.nowMs(), ...made } = details;
    const seq = this.take({ kind, at_ms: atMs, payload, ...made });
    const event = { kind, seq, at_ms: atMs, payload } as GateEvent;
    const ended = this.state.apply(event);
    if (ended.length > 0) this.ports.ledger.putEndedOrders(ended.flatMap(toRows));
    this.onAppended?.(event);
    logEvent(this.ports.log, event, (id) => this.state.orders.all.get(id)?.symbol ?? null);
    return { seq };
  }

  findDecision(id: string): DecisionEvent | null {
    return (this.ports.ledger.findDecision(id)?.payload ?? null) as DecisionEvent | null;
  }

  /**
   * A state that an operator tightens waits for nothing, not even for domain time (DESIGN section 4); it has no end, so
   * no window depends on its instant.
   */
  appendTightening(payload: GateEvents['state'] & { readonly state: 'reducing' | 'halted' }): Recorded {
    if (this.ports.clock.isSynced) return this.append('state', payload);
    const { tMs } = this.state.time;
    const stamped = {
      ...payload,
      clears_when: `${payload.clears_when}; set before the venue's time was known`,
      t_ms: tMs,
    };
    return this.append('state', stamped, { atMs: this.#instantBeforeSync() });
  }

  /** What waits for nothing, not even for domain time, and on whose instant nothing depends. */
  appendAnytime<K extends EventKind>(kind: K, payload: GateEvents[K]): Recorded {
    return this.append(kind, payload, this.ports.clock.isSynced ? {} : { atMs: this.#instantBeforeSync() });
  }

  /** Never before the last record. A tape has a time of its own, which the host's says nothing about. */
  #instantBeforeSync(): number {
    const { lastEventAtMs } = this.state;
    if (profileOf(this.settings.venue).isSimulated && lastEventAtMs > 0) return lastEventAtMs;
    return Math.max(lastEventAtMs, this.ports.time.hostMs());
  }

  /** Never throws: it is what error paths call, also while the ledger closes. */
  alert(code: string, detail: string, symbol: string | null = null): void {
    this.ports.log.error({ alert: code, symbol }, detail);
    this.ports.observer.alerted(code);
    if (this.ports.ledger.isFailed) return;
    try {
      this.append('alert', { code, detail, symbol });
    } catch (error) {
      this.ports.log.error({ alert: code, error: String(error) }, 'the alert could not be recorded');
    }
  }

  /**
   * The same alert at most once a minute of wall time: what fails at every tick must not fill the ledger. `whose`: alerts of
   * different agents are not the same.
   */
  alertRarely(code: string, detail: string, symbol: string | null = null, whose = ''): void {
    const key = `${code} ${symbol ?? ''} ${whose}`;
    const now = this.ports.time.monotonicMs();
    if (now - (this.#alertedAt.get(key) ?? Number.NEGATIVE_INFINITY) < ALERT_EVERY_MS) return;
    this.#alertedAt.set(key, now);
    this.alert(code, detail, symbol);
  }
}

/** What an operator looks for in the log afterwards; everything else is in the ledger. Alerts log themselves. */
export function logEvent(log: EngineLog, event: GateEvent, symbolOf: (clientOrderId: string) => string | null): void {
  if (event.kind === 'state') logState(log, event.payload, event.seq);
  else if (event.kind === 'order') logOrder(log, event.payload, event.seq, symbolOf(event.payload.client_order_id));
}

/** The words of an operator stay in the ledger; the daemon's own reasons are said. */
function logState(log: EngineLog, event: StateEvent, seq: number): void {
  const { layer, scope, name, state, set_by } = event;
  const own = layer === 'operator' ? {} : { reason: event.reason };
  const ends = event.clears_at_ms === null ? {} : { clears_at_ms: event.clears_at_ms };
  const fields = { layer, scope, name, state, set_by, ...own, ...ends, seq };
  if (state === 'active') log.info(fields, `trading state: the ${layer} layer is cleared`);
  else if (layer === 'boot') log.info(fields, `trading state: ${state} until reconciled`);
  else log.warn(fields, `trading state: ${state} by the ${layer} layer`);
}

function logOrder(log: EngineLog, event: OrderEvent, seq: number, symbol: string | null): void {
  const fields = { order: event.client_order_id, symbol, detail: event.detail, seq };
  if (isRejected(event)) log.warn({ ...fields, retryable: event.retryable }, 'an order was rejected');
  else if (isUnknown(event)) log.warn(fields, 'what became of an order is unknown: it is looked up');
  else if (isLost(event)) log.error(fields, 'what became of an order could not be found out: it counts as open');
}
