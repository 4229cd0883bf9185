import type { DecisionEvent } from '../events.ts';
import { keeps } from './keep.ts';

/** Beyond the longest heartbeat of a policy (a day): an agent that is not known any more is silent. */
const KEEP_MS = 2 * 86_400_000;
/** What an agent asked for itself; the others follow from time and market. */
const CALLS: ReadonlySet<string> = new Set(['tool', 'dry_run', 'intercept']);

/** When each agent last made a call that is on record: its decisions, and `agent_seen` for calls that record nothing. */
export class SignsOfLife {
  /** By agent, the longest silent first. */
  #seenAt = new Map<string, number>();

  static {
    keeps(
      SignsOfLife,
      (view) => ({ seenAt: view.#seenAt }),
      (kept) => {
        const made = new SignsOfLife();
        made.#seenAt = kept.seenAt;
        return made;
      },
    );
  }

  noteDecision({ request, decision }: DecisionEvent, atMs: number): void {
    if (request.origin === 'agent' && CALLS.has(decision.kind)) this.note(request.agent, atMs);
  }

  note(agent: string, atMs: number): void {
    this.#seenAt.delete(agent);
    this.#seenAt.set(agent, atMs);
    for (const [longest, seenAtMs] of this.#seenAt) {
      if (atMs - seenAtMs <= KEEP_MS) break;
      this.#seenAt.delete(longest);
    }
  }

  /** Null: not within two days before the newest sign of any agent. */
  lastMs(agent: string): number | null {
    return this.#seenAt.get(agent) ?? null;
  }

  setBack(nowMs: number): void {
    for (const [agent, seenAtMs] of this.#seenAt) if (seenAtMs > nowMs) this.#seenAt.set(agent, nowMs);
  }
}
