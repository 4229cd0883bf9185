import type { SignalBody, SignalEntryBody, SignalsBody } from './api/operator.ts';
import type { Caller } from './api.ts';
import type { SignalEvent } from './events.ts';
import type { GateCore } from './gate-core.ts';
import { type LooseningDelay, OperatorRequestError } from './loosening-delay.ts';

/** What monitors report. The strictest active one wins; only its time, or an operator, ends it. */
export class Signals {
  readonly #core: GateCore;
  readonly #loosening: LooseningDelay;

  constructor(core: GateCore, loosening: LooseningDelay) {
    this.#core = core;
    this.#loosening = loosening;
  }

  async add(
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

  list(): SignalsBody {
    const now = this.#core.nowMs();
    const active = [...this.#core.state.signals.values()].filter((signal) => now < signal.expires_at_ms);
    active.sort((a, b) => a.expires_at_ms - b.expires_at_ms || (a.signal_id < b.signal_id ? -1 : 1));
    return { signals: active.map(describe) };
  }

  /** Its record says who ended it and why. Null: there is no such active signal. */
  async end(caller: Caller, signalId: string, reason: string): Promise<SignalEntryBody | null> {
    const core = this.#core;
    const known = core.state.signals.get(signalId);
    if (known === undefined || core.nowMs() >= known.expires_at_ms) return null;
    this.#loosening.requireWaited(`the end of signal ${signalId}`);
    const ended: SignalEvent = { ...known, ended_reason: reason, expires_at_ms: core.nowMs(), set_by: caller.agent };
    await core.append('signal', ended).committed;
    return describe(ended);
  }
}

function describe(signal: SignalEvent): SignalEntryBody {
  const { account, agent, expires_at_ms, kind, set_by, severity, signal_id, symbol } = signal;
  return { account, agent, expires_at_ms, kind, set_by, severity, signal_id, symbol };
}
