import { RESUME_MS } from '../../../daemon/engine/claims/claim-ends.ts';
import { MAKES_ROOM } from '../../../daemon/engine/orders/claims.ts';
import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';

const ENDED: ReadonlySet<string> = new Set(['filled', 'canceled', 'expired', 'rejected', 'not_placed', 'lost']);
const NOTHING_TO_REDUCE = /ReduceOnly Order is rejected/;

/**
 * An exit is not given up as reducing nothing while what was asked to make room for it is not proven gone. [EX-69]
 * @except it has been refused so for `exits.resume_ms`
 */
export function findGivenUpInRoom(history: History): readonly Breach[] {
  const { decisions, events, orders, world } = history;
  const resumeMs = Math.min(...world.policies.map(({ policy }) => policy.spec.exits.resume_ms ?? RESUME_MS));
  return events.flatMap(({ atMs, event, seq }) => {
    if (event.kind !== 'exit_target' || event.payload.action !== 'ended') return [];
    const { decision_id: id, detail, reason } = event.payload;
    const root = decisions.get(id);
    if (reason !== 'rejected' || root === undefined || !NOTHING_TO_REDUCE.test(detail)) return [];
    const refused = events.find(
      ({ event: word, seq: of }) =>
        of < seq &&
        word.kind === 'order' &&
        NOTHING_TO_REDUCE.test(word.payload.detail ?? '') &&
        orders.get(word.payload.client_order_id)?.decision.rootId === id,
    );
    if (refused === undefined || atMs - refused.atMs >= resumeMs) return [];
    const going = goingAt(history, seq).find((other) => {
      const planned = orders.get(other)?.planned;
      return planned?.symbol === root.symbol && planned?.reduce_only === true;
    });
    if (going === undefined) return [];
    return [
      {
        code: 'exit-in-room/given-up',
        detail: `the exit ${id} ends at ${at(atMs)}, and ${going} is not gone: ${detail}`,
      },
    ];
  });
}

/** Orders that were asked to make room, and of which no end is on record before. */
function goingAt({ events, orderEvents }: History, untilSeq: number): readonly string[] {
  return events.flatMap(({ event, seq }) => {
    if (seq > untilSeq || event.kind !== 'order_intent' || event.payload.action !== 'cancel') return [];
    const { client_order_id: id, reason } = event.payload;
    const words = orderEvents.get(id) ?? [];
    const isOver = words.some((word) => word.seq < untilSeq && ENDED.has(word.event.status));
    return reason === MAKES_ROOM && !isOver ? [id] : [];
  });
}
