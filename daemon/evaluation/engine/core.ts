import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { ExecutionContext } from '../../core/context.ts';
import { decide } from '../../core/decide/decide.ts';
import type { ExecutionDecision } from '../../core/decision.ts';
import type { IntendedPolicySpec } from '../../core/policy.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { EngineCore, EnginePorts, EngineSettings, Lookout, Recorded } from '../../engine/flow/core.ts';
import type { Flow, Started } from '../../engine/flow/step.ts';
import type { AuthorityNow } from '../../engine/openings/authority-now.ts';
import type { OrderState } from '../../engine/orders/orders.ts';
import type { PlanClock } from '../../engine/plan/deadline.ts';
import { GATE_AGENT, type IdSource, OrderCounts } from '../../engine/plan/orders.ts';
import type { LiveInputs, SymbolInputs } from '../../engine/readings/inputs.ts';
import type { DecisionEvent } from '../../engine/records/decisions.ts';
import type { EventKind, GateEvents } from '../../engine/records/events.ts';
import { GateState } from '../../engine/state/gate-state.ts';
import type { ReplayAccount } from '../exchange/account.ts';
import { AccountReader, marginRatio } from '../exchange/account-reader.ts';
import { toSymbolRules } from '../exchange/rules.ts';
import { SERVED_ACCOUNT, SERVED_VENUE } from '../intents/requests.ts';
import type { MarketTrack } from '../market/track.ts';
import type { MarketClock } from '../market/walk/clock.ts';
import { MarketInputs } from '../market/walk/market-inputs.ts';

/** How often, and at what spacing, a feed reads the account until a difference is believed. */
const LIQUIDATION_READS = 4;
const LIQUIDATION_READ_EVERY_MS = 4_000;
const RULES_EVERY_MS = 1_800_000;
/** Every how many decisions one is timed. */
const TIMED_EVERY = 16;

/** Alerts of what should not have happened. */
const DEFECTS: ReadonlySet<string> = new Set([
  'EXITS_FAILED',
  'EXIT_FAILED',
  'GATE_EXIT_FAILED',
  'SEND_FAILED',
  'SLICE_FAILED',
]);

/** What the driver is to the core that it drives. */
export interface ReplayHooks {
  readonly begin: EngineCore['begin'];
  readonly isUnsent: EngineCore['isUnsent'];
}

const nothing = (): void => undefined;
const GENESIS = 'replay';

/**
 * The core of the engine on replayed inputs: its views are folded from what it records, and nothing is kept of that. Only
 * clock, feeds and venue are the replay's (SAE-SAME-CODE).
 */
export class ReplayCore implements EngineCore {
  readonly state = new GateState();
  readonly feeds: MarketInputs;
  readonly ids: IdSource = { genesisId: GENESIS, epoch: null };
  readonly sends: OrderCounts;
  readonly planClock: PlanClock;
  readonly settings: EngineSettings = { account: SERVED_ACCOUNT, venue: SERVED_VENUE, sendDeadlineMs: 500 };
  readonly isWritten = false;
  readonly longestWaitMs = Number.POSITIVE_INFINITY;
  readonly lookout: Lookout = { found: nothing, listed: nothing, suspect: nothing };
  readonly ports: EnginePorts;
  readonly market: EngineCore['market'];
  readonly #clock: MarketClock;
  readonly #account: ReplayAccount;
  readonly #reader: AccountReader;
  readonly #policies: ReadonlyMap<string, CompiledPolicy>;
  readonly #hooks: ReplayHooks;
  #seq = 0;
  #rulesAtMs = Number.NEGATIVE_INFINITY;
  #sampledAtMs = Number.NEGATIVE_INFINITY;
  /** Records so far but for what was only read. */
  acts = 0;
  /** Readings of the account so far. */
  samples = 0;
  decisions = 0;
  timedNs = 0;
  timed = 0;

  constructor(
    parts: { readonly clock: MarketClock; readonly track: MarketTrack; readonly account: ReplayAccount },
    policies: ReadonlyMap<string, CompiledPolicy>,
    hooks: ReplayHooks,
  ) {
    const { account, clock, track } = parts;
    const now = (): number => clock.nowMs;
    this.#clock = clock;
    this.#account = account;
    this.#policies = policies;
    this.#hooks = hooks;
    this.planClock = { nowMs: now, wallMs: now, scale: 1 };
    this.sends = new OrderCounts(now);
    this.ports = {
      ledger: { genesis: { genesis_id: GENESIS }, isFailed: false, putText: () => '' },
      venue: { acceptanceHorizonMs: 0 },
      clock: { isSynced: true, scale: 1 },
      time: { monotonicMs: now },
      observer: { decided: nothing, submitted: nothing },
      sha256: () => '',
    };
    this.feeds = new MarketInputs(clock, track, this.policySpec.market);
    this.market = {
      inputs: () => this.inputs(),
      symbol: (symbol): SymbolInputs | null => this.inputs().symbols.get(symbol) ?? null,
    };
    this.#reader = new AccountReader(account, clock);
    this.readRules();
  }

  /** Requests of nobody are the gate's. */
  policyFor(agent: string): CompiledPolicy {
    const policy = this.#policies.get(agent === '' ? GATE_AGENT : agent);
    if (policy === undefined) throw new RangeError(`no policy was compiled for agent ${agent}`);
    return policy;
  }
  get policySpec(): IntendedPolicySpec {
    return this.policyFor(GATE_AGENT).spec;
  }
  get policyHash(): string {
    return this.policyFor(GATE_AGENT).hash;
  }

  nowMs(): number {
    return this.#clock.nowMs;
  }
  passedMs(): number {
    return this.state.time.atNow(this.#clock.nowMs);
  }
  /** Nobody revokes anything in a replay, and its policy stays. */
  authorityNow(): AuthorityNow {
    const { hash, spec } = this.policyFor(GATE_AGENT);
    return {
      nowMs: this.nowMs(),
      tMs: this.passedMs(),
      policyHash: hash,
      spec,
      stands: () => true,
      isSpokenFor: () => true,
    };
  }

  nextSeq(): number {
    return this.#seq + 1;
  }
  append<K extends EventKind>(kind: K, payload: GateEvents[K]): Recorded {
    this.#seq += 1;
    if (kind !== 'account' && kind !== 'rules') this.acts += 1;
    // The union of events by kind cannot be built from a type parameter.
    this.state.apply({ kind, seq: this.#seq, at_ms: this.#clock.nowMs, payload } as Parameters<GateState['apply']>[0]);
    return { seq: this.#seq };
  }
  /** Exits keep their own. */
  findDecision(): DecisionEvent | null {
    return null;
  }
  isStopping(): boolean {
    return false;
  }
  begin<R>(flow: Flow<R>): Started<R> {
    return this.#hooks.begin(flow);
  }
  decide(request: ExecutionRequest, context: ExecutionContext, policy: CompiledPolicy): ExecutionDecision {
    this.decisions += 1;
    if (this.decisions % TIMED_EVERY !== 0) return decide(request, context, policy);
    const startedAt = process.hrtime.bigint();
    const decision = decide(request, context, policy);
    this.timedNs += Number(process.hrtime.bigint() - startedAt);
    this.timed += 1;
    return decision;
  }
  /** There is nobody to tell. @throws Error for a defect of ours, which ends the replay */
  alert(code: string, detail: string): void {
    if (DEFECTS.has(code)) throw new Error(`${code}: ${detail}`);
  }
  alertRarely(code: string, detail: string): void {
    this.alert(code, detail);
  }
  onRecheckFailure(): void {}
  isUnsent(order: OrderState): boolean {
    return this.#hooks.isUnsent(order);
  }

  /** Filters and brackets never change in a replay; the daemon reads them again all the same. */
  readRules(): void {
    if (this.#clock.nowMs - this.#rulesAtMs < RULES_EVERY_MS) return;
    this.#rulesAtMs = this.#clock.nowMs;
    for (const { bars } of this.#clock.market.series)
      this.append('rules', { rules: toSymbolRules(bars.instrument, this.#rulesAtMs) });
  }

  /** What a feed shows of the account, without the symbols: enough for its tiers. */
  accountInputs(): LiveInputs {
    const equity = this.#account.equityUsdt();
    const maintenance = this.#account.totalMaintenanceUsdt();
    return {
      nowMs: this.#clock.nowMs,
      clockSkewMs: 0,
      account: {
        marginBalanceUsdt: equity,
        availableUsdt: this.#account.availableUsdt(),
        marginRatio: marginRatio(maintenance, equity),
        observedAtMs: this.#clock.nowMs,
      },
      symbols: this.feeds.bySymbol,
    };
  }
  inputs(): LiveInputs {
    this.feeds.refresh();
    return this.accountInputs();
  }

  /** The account as a feed would have read it now; false: it was read at this instant already. */
  sampleAccount(force = false): boolean {
    const { nowMs } = this.#clock;
    this.readRules();
    if (!force && nowMs <= this.#sampledAtMs) return false;
    this.#sampledAtMs = nowMs;
    this.samples += 1;
    this.append('account', this.#reader.read());
    return true;
  }

  /** The account is flat at once and no report says so: it takes several readings in a row to be believed. */
  noteLiquidation(): void {
    const startedAtMs = this.#clock.nowMs;
    for (let i = 1; i <= LIQUIDATION_READS; i++) {
      this.#clock.nowMs = startedAtMs + i * LIQUIDATION_READ_EVERY_MS;
      this.sampleAccount(true);
    }
    this.#clock.nowMs = startedAtMs;
  }
}
