import type { DecisionEvent } from '../../engine/records/events.ts';

/**
 * Decisions of one commit. A list, as a Map that fills and empties with each of them makes new tables, and an old one that
 * the collector has moved to where it seldom looks keeps all later ones, with what was in them.
 */
interface Unwritten {
  readonly committed: Promise<void>;
  readonly decisions: DecisionEvent[];
}

/** Decisions that are not on disk yet, by the commit that each waits for. */
export class UnwrittenDecisions {
  readonly #waiting: Unwritten[] = [];

  keep(event: DecisionEvent, committed: Promise<void>): void {
    const newest = this.#waiting.at(-1);
    if (newest?.committed === committed) {
      newest.decisions.push(event);
      return;
    }
    const waiting: Unwritten = { committed, decisions: [event] };
    this.#waiting.push(waiting);
    const forget = (): void => {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
    };
    committed.then(forget, forget);
  }

  find(id: string): DecisionEvent | null {
    for (const { decisions } of this.#waiting)
      for (const event of decisions) if (event.decision.decision_id === id) return event;
    return null;
  }
}
