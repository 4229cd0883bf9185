import type { IntendedPolicySpec } from '../core/policy.ts';
import type { LiveSettings } from '../engine/flow/core.ts';
import type { Flow, Started } from '../engine/flow/effects.ts';
import { type GateHooks, NO_HOOKS } from '../engine/flow/hooks.ts';
import type { LedgerRecord } from '../engine/flow/ports.ts';
import { RecordingCore } from '../engine/flow/recording-core.ts';
import type { DecisionEvent } from '../engine/records/events.ts';
import type { GateState } from '../engine/state/gate-state.ts';
import { Driver, ended } from './driver.ts';
import type { GatePorts } from './ports.ts';

/** What every part shares, with the driver that does what flows ask for, and the commits of the ledger. */
export class GateCore extends RecordingCore<GatePorts> {
  readonly #driver: Driver;
  /** Decisions that are not on disk yet, in their order. */
  readonly #unwritten: DecisionEvent[] = [];
  #lastCommit: Promise<void> = Promise.resolve();

  constructor(
    ports: GatePorts,
    settings: LiveSettings,
    policy: { readonly spec: IntendedPolicySpec; readonly hash: string },
    { hooks = NO_HOOKS, state }: { readonly hooks?: GateHooks; readonly state?: GateState } = {},
  ) {
    super(ports, settings, policy, { hooks, ...(state === undefined ? {} : { state }) });
    this.#driver = new Driver({
      venue: ports.venue,
      time: ports.time,
      onDisk: () => this.settled(),
      isStopping: hooks.isStopping,
      onUnheard: (error) => {
        if (!ports.ledger.isFailed && !hooks.isStopping())
          this.alertRarely('EXECUTION_FAILED', `what goes on by itself: ${String(error)}`);
      },
    });
  }

  begin<R>(flow: Flow<R>): Started<R> {
    return this.#driver.begin(flow);
  }
  /** The daemon stops: from soon on no answer waits. */
  stopWaiting(): void {
    this.#driver.stopWaiting();
  }
  /** Resolves with what it comes to. */
  run<R>(flow: Flow<R>): Promise<R> {
    return ended(this.begin(flow));
  }

  protected take(record: LedgerRecord): number {
    const {
      committed,
      seqs: [seq],
    } = this.ports.ledger.appendNow([record]);
    if (seq === undefined) throw new Error('the ledger took no record');
    this.#lastCommit = committed;
    // A failed commit is handled by whoever awaits it and by the ledger's own failure callback.
    let forget = (): unknown => undefined;
    if (record.kind === 'decision') {
      this.#unwritten.push(record.payload as DecisionEvent);
      // Commits end in their order.
      forget = () => this.#unwritten.shift();
    }
    committed.then(forget, forget);
    return seq;
  }
  override findDecision(id: string): DecisionEvent | null {
    return this.#unwritten.find(({ decision }) => decision.decision_id === id) ?? super.findDecision(id);
  }

  /** Resolves when everything appended so far is on disk. */
  settled(): Promise<void> {
    return this.#lastCommit;
  }
}
