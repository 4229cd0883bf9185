import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import { decide } from '../../core/decide/decide.ts';
import type { IntendedPolicySpec } from '../../core/policy.ts';
import type { EngineCore, EnginePorts, EngineSettings, Lookout, Recorded } from '../../engine/flow/core.ts';
import type { Flow, Started } from '../../engine/flow/step.ts';
import type { AuthorityNow } from '../../engine/openings/authority-now.ts';
import type { PlanClock } from '../../engine/plan/deadline.ts';
import { GATE_AGENT, type IdSource, OrderCounts } from '../../engine/plan/orders.ts';
import type { SymbolInputs } from '../../engine/readings/inputs.ts';
import type { EventKind, GateEvents } from '../../engine/records/events.ts';
import { GateState } from '../../engine/state/gate-state.ts';
import type { ReplayFeeds } from '../exchange/feeds.ts';
import { SERVED_ACCOUNT, SERVED_VENUE } from '../intents/requests.ts';

/** Alerts of what should not have happened. */
const DEFECTS = /^(EXITS|EXIT|GATE_EXIT|SEND|SLICE)_FAILED$/;
const nothing = (): void => undefined;
const GENESIS = 'replay';

/**
 * What the engine shares, on replayed inputs: its views are folded from what it records, and nothing is kept of that. Only
 * clock, feeds and venue are the replay's (SAE-SAME-CODE).
 */
export abstract class ReplayCore implements EngineCore {
  readonly state = new GateState();
  readonly ids: IdSource = { genesisId: GENESIS, epoch: null };
  readonly sends: OrderCounts;
  readonly planClock: PlanClock;
  readonly settings: EngineSettings = { account: SERVED_ACCOUNT, venue: SERVED_VENUE, sendDeadlineMs: 500 };
  readonly isWritten = false;
  readonly longestWaitMs = Number.POSITIVE_INFINITY;
  readonly lookout: Lookout = { found: nothing, listed: nothing, suspect: nothing };
  readonly ports: EnginePorts;
  readonly market: EngineCore['market'];
  readonly feeds: ReplayFeeds;
  readonly #policies: ReadonlyMap<string, CompiledPolicy>;
  #seq = 0;
  decisions = 0;
  /** Spent on them. */
  decideNs = 0;

  constructor(policies: ReadonlyMap<string, CompiledPolicy>, feeds: ReplayFeeds) {
    const now = (): number => this.nowMs();
    this.#policies = policies;
    this.feeds = feeds;
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
    this.market = {
      inputs: () => feeds.inputs(),
      symbol: (symbol): SymbolInputs | null => feeds.inputs().symbols.get(symbol) ?? null,
    };
  }

  abstract begin<R>(flow: Flow<R>): Started<R>;
  abstract readonly isUnsent: EngineCore['isUnsent'];

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
    return this.feeds.nowMs;
  }
  passedMs(): number {
    return this.state.time.atNow(this.nowMs());
  }
  /** Nobody revokes anything in a replay, and its policy stays. */
  authorityNow(): AuthorityNow {
    const { hash: policyHash, spec } = this.policyFor(GATE_AGENT);
    const isSo = (): boolean => true;
    return { nowMs: this.nowMs(), tMs: this.passedMs(), policyHash, spec, stands: isSo, isSpokenFor: isSo };
  }

  nextSeq(): number {
    return this.#seq + 1;
  }
  append<K extends EventKind>(kind: K, payload: GateEvents[K]): Recorded {
    this.#seq += 1;
    // The union of events by kind cannot be built from a type parameter.
    this.state.apply({ kind, seq: this.#seq, at_ms: this.nowMs(), payload } as Parameters<GateState['apply']>[0]);
    return { seq: this.#seq };
  }
  /** Exits keep their own. */
  readonly findDecision = (): null => null;
  readonly isStopping = (): boolean => false;
  readonly onRecheckFailure = nothing;
  decide: EngineCore['decide'] = (request, context, policy) => {
    this.decisions += 1;
    const startedAt = process.hrtime.bigint();
    const decision = decide(request, context, policy);
    this.decideNs += Number(process.hrtime.bigint() - startedAt);
    return decision;
  };
  /** There is nobody to tell. @throws Error for a defect of ours, which ends the replay */
  alert(code: string, detail: string): void {
    if (DEFECTS.test(code)) throw new Error(`${code}: ${detail}`);
  }
  alertRarely(code: string, detail: string): void {
    this.alert(code, detail);
  }
}
