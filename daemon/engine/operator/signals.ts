import type { SignalBody, SignalEntryBody, SignalsBody } from '../../contract/types/operator.ts';
import { type RequestBudgets, SIGNAL_CEILING } from '../calls/request-budgets.ts';
import type { LiveCore } from '../flow/core.ts';
import { endedWithin, type Flow, joined, onDisk, type Started } from '../flow/step.ts';
import type { Caller } from '../records/callers.ts';
import type { SignalEvent } from '../records/people-events.ts';
import { CANCELS_WITHIN_MS, describeUnknown, findNamedAgents } from './commands.ts';
import { type LooseningDelay, OperatorRequestError } from './loosening-delay.ts';

/** How many kinds and scopes of one reporter may be active at once. */
export const MAX_ACTIVE = 512;

/** A signal that was not accepted; a 429 over HTTP. */
export class SignalRefused extends Error {
  readonly code = 'REFUSAL_RATE';
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

interface SignalParts {
  readonly loosening: LooseningDelay;
  readonly budgets: RequestBudgets;
  /** Rule 15, at once. */
  readonly review: () => readonly Started<void>[];
}

/** Signals of monitors. The strictest active one wins; only its ttl or an operator ends it. */
export class Signals {
  readonly #core: LiveCore;
  readonly #parts: SignalParts;

  constructor(core: LiveCore, parts: SignalParts) {
    this.#core = core;
    this.#parts = parts;
  }

  *add(caller: Caller, signal: SignalBody): Flow<{ readonly signal_id: string; readonly expires_at_ms: number }> {
    const core = this.#core;
    const limit = core.policySpec.trust.signals[signal.kind]?.max_ttl_ms;
    if (limit === undefined) throw new OperatorRequestError(`the policy has no trust.signals.${signal.kind}`);
    if (signal.ttl_ms > limit) throw new OperatorRequestError(`ttl_ms of a ${signal.kind} signal is at most ${limit}`);
    this.#refuseUnknown(signal.scope);
    const now = core.nowMs();
    const scope = {
      account: signal.scope.account ?? null,
      agent: signal.scope.agent ?? null,
      kind: signal.kind,
      set_by: caller.agent,
      symbol: signal.scope.symbol ?? null,
    };
    const { time } = core.state;
    const before = core.state.signals.findEqual(scope, time.atNow(now));
    this.#requireRoom(caller.agent, before === null);
    // A later report revokes no earlier warning: the signal keeps its id, its end and its severity, or gets heavier ones.
    const expiresAtMs = Math.max(now + signal.ttl_ms, before === null ? 0 : time.venueMs(before.endsMs));
    const evidenceHash = signal.evidence === undefined ? null : core.ports.ledger.putText(signal.evidence);
    const seq = core.nextSeq();
    const signalId = before?.signal.signal_id ?? `s-${seq.toString(36)}`;
    const recorded = {
      ...scope,
      evidence_hash: evidenceHash,
      expires_at_ms: expiresAtMs,
      severity: Math.max(signal.severity, before?.signal.severity ?? 0),
      signal_id: signalId,
    };
    core.append('signal', recorded, { seq });
    yield* onDisk();
    yield* endedWithin(CANCELS_WITHIN_MS, core.begin(joined(this.#parts.review())));
    return { signal_id: signalId, expires_at_ms: expiresAtMs };
  }

  /**
   * RISK: a warning of a name that is misspelt tightens nothing, and who gave it would take it for heeded. Of orders no
   * names are taken, as a monitor may ask often: one that has neither a token, nor a section, nor a position opens nothing.
   */
  #refuseUnknown({ account, agent, symbol }: SignalBody['scope']): void {
    const { policySpec, settings, state } = this.#core;
    if (account !== undefined && account !== settings.account)
      throw new OperatorRequestError(`account ${account} is not known here; known: ${settings.account}`);
    const ofAgents = Object.values(policySpec.agents).flatMap(({ scope }) => scope?.symbols ?? []);
    const symbols = new Set([
      ...policySpec.scope.symbols,
      ...ofAgents,
      ...state.rules.keys(),
      ...state.positions.keys(),
    ]);
    if (symbol !== undefined && !symbols.has(symbol))
      throw new OperatorRequestError(describeUnknown('symbol', symbol, symbols));
    const agents = findNamedAgents(this.#core);
    if (agent !== undefined && agents !== null && !agents.has(agent))
      throw new OperatorRequestError(describeUnknown('agent', agent, agents));
  }

  /** Limits what one reporter may have active and recorded, so that it can only lock out itself. */
  #requireRoom(reporter: string, isNew: boolean): void {
    const waitMs = this.#parts.budgets.signalWaitMs(reporter);
    if (waitMs !== null)
      throw new SignalRefused(
        `${SIGNAL_CEILING.max} signals of ${reporter} were recorded within ${SIGNAL_CEILING.window_ms} ms; those that are active stay so`,
        waitMs,
      );
    if (!isNew) return;
    const now = this.#core.passedMs();
    const { active, firstEndMs } = this.#core.state.signals.countActive(reporter, now);
    if (active < MAX_ACTIVE) return;
    throw new SignalRefused(
      `${reporter} has ${MAX_ACTIVE} kinds and scopes active; leave out the symbol or the agent to warn of all`,
      firstEndMs - now,
    );
  }

  list(): SignalsBody {
    const { signals, time } = this.#core.state;
    const active = [...signals.active(this.#core.passedMs())].map(({ endsMs, signal }) =>
      describe({ ...signal, expires_at_ms: time.venueMs(endsMs) }),
    );
    active.sort((a, b) => a.expires_at_ms - b.expires_at_ms || (a.signal_id < b.signal_id ? -1 : 1));
    return { signals: active };
  }

  /** Ends a signal; the record says who ended it and why. Null: there is no such active signal. */
  end(caller: Caller, signalId: string, reason: string): SignalEntryBody | null {
    const core = this.#core;
    const known = core.state.signals.get(signalId);
    if (known === undefined || !core.state.signals.isActive(signalId, core.passedMs())) return null;
    this.#parts.loosening.requireWaited(`the end of signal ${signalId}`);
    const ended: SignalEvent = { ...known, ended_reason: reason, expires_at_ms: core.nowMs(), set_by: caller.agent };
    core.append('signal', ended);
    return describe(ended);
  }
}

function describe(signal: SignalEvent): SignalEntryBody {
  const { account, agent, expires_at_ms, kind, set_by, severity, signal_id, symbol } = signal;
  return { account, agent, expires_at_ms, kind, set_by, severity, signal_id, symbol };
}
