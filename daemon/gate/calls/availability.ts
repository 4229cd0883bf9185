import type { ToolOutcome } from '../api/decisions.ts';
import type { GateCore } from '../journal/journal.ts';

/** Where the gate is in its life, and so whether it takes a call: it opens once, and closes for good. */
export class Availability {
  readonly #core: GateCore;
  isStarted = false;
  isClosing = false;
  /** The reserve of the full disk is in use. */
  isDiskFull = false;

  constructor(core: GateCore) {
    this.#core = core;
  }

  /** The answer to a call that cannot be taken now; null while calls are taken. */
  findRefusal(): ToolOutcome | null {
    if (!this.isStarted) return { kind: 'unavailable', message: 'the daemon has not reached the venue yet' };
    if (this.isClosing) return { kind: 'unavailable', message: 'the daemon is shutting down' };
    if (this.#core.ports.ledger.isFailed)
      return { kind: 'unavailable', message: 'the ledger cannot record: nothing is sent' };
    return null;
  }
}
