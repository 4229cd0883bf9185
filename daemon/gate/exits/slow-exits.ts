import type { GateCore } from '../journal/journal.ts';
import { SlowWatch } from '../journal/slow-watch.ts';
import type { ExitTarget } from '../state/exit-targets.ts';

/**
 * Exits that go on without closing anything; called in every round. RISK: what is lost on its way, or never answered,
 * ends no exit and is tried again and again; whoever asked for it, an operator who flattens or the gate that cuts, would
 * take it for done.
 */
export function watchExits(core: GateCore): () => void {
  const slow = new SlowWatch<ExitTarget>(core, {
    find: () => {
      const isLeftAlone = (core.ports.venue.leftAloneMs?.() ?? 0) > 0;
      const open = [...core.state.targets.open];
      return open.filter((target) => target.leftLots !== 0 && (isLeftAlone || wasSent(target)));
    },
    groupOf: ({ origin, symbol }) => `${symbol} by ${origin}`,
    progressOf: ({ filledLots }) => filledLots,
    tell: (target, seconds, others) => {
      const order = target.allotments.at(-1)?.order;
      const last = wasSent(target)
        ? `; its last order is ${order?.status} (${order?.detail ?? 'no reason'})`
        : '; the venue has asked to be left alone';
      core.alert(
        'EXIT_STALLED',
        `exit ${target.decisionId} has closed nothing for ${seconds} s and goes on, with ${target.leftLots} lots left${last}${others}`,
        target.symbol,
      );
    },
  });
  return () => slow.look();
}

/** What else waits for its rate, or for its turn, is not held up by the venue. */
function wasSent({ allotments }: ExitTarget): boolean {
  return allotments.some(({ order }) => order.sentAtMs !== null);
}
