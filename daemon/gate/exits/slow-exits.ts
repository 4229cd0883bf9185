import type { GateCore } from '../journal/journal.ts';
import type { ExitTarget } from '../state/exit-targets.ts';

/** So long nothing of an exit fills that was sent before a person is told, wall ms. */
const SLOW_MS = 60_000;
/** Between two alerts of one that goes on so, wall ms. */
const TELL_EVERY_MS = 3_600_000;

interface Watched {
  readonly filledLots: number;
  /** Since when it has closed no more than that. */
  readonly sinceMs: number;
}

/**
 * Exits that go on without closing anything. RISK: what is lost on its way, or never answered, ends no exit and is tried
 * again and again; whoever asked for it, an operator who flattens or the gate that cuts, would take it for done.
 */
export class SlowExits {
  readonly #core: GateCore;
  readonly #watched = new Map<string, Watched>();
  /** By symbol, and by whether agents, operators or the gate asked. */
  readonly #toldAt = new Map<string, number>();

  constructor(core: GateCore) {
    this.#core = core;
  }

  /** Called in every round. */
  look(): void {
    const { open } = this.#core.state.targets;
    const now = this.#core.ports.time.monotonicMs();
    const going = new Set<string>();
    const slow = new Set<string>();
    for (const target of open) {
      if (target.leftLots === 0 || !wasSent(target)) continue;
      going.add(target.decisionId);
      const known = this.#watched.get(target.decisionId);
      if (known === undefined || known.filledLots !== target.filledLots)
        this.#watched.set(target.decisionId, { filledLots: target.filledLots, sinceMs: now });
      else if (now - known.sinceMs >= SLOW_MS) slow.add(this.#tell(target, known, now));
    }
    for (const id of this.#watched.keys()) if (!going.has(id)) this.#watched.delete(id);
    for (const whose of this.#toldAt.keys()) if (!slow.has(whose)) this.#toldAt.delete(whose);
  }

  #tell(target: ExitTarget, { sinceMs }: Watched, now: number): string {
    const whose = `${target.symbol} ${target.origin}`;
    if (now - (this.#toldAt.get(whose) ?? Number.NEGATIVE_INFINITY) < TELL_EVERY_MS) return whose;
    this.#toldAt.set(whose, now);
    const order = target.allotments.at(-1)?.order;
    const last = order === undefined ? '' : `; its last order is ${order.status} (${order.detail ?? 'no reason'})`;
    const seconds = Math.round((now - sinceMs) / 1_000);
    this.#core.alert(
      'EXIT_STALLED',
      `exit ${target.decisionId} has closed nothing for ${seconds} s and goes on, with ${target.leftLots} lots left${last}`,
      target.symbol,
    );
    return whose;
  }
}

/** What waits for its rate, or for its turn, is not held up by the venue. */
function wasSent({ allotments }: ExitTarget): boolean {
  return allotments.some(({ order }) => order.sentAtMs !== null);
}
