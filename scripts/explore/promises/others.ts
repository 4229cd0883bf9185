import { readE8 } from '../../../daemon/engine/records/units.ts';
import { at, type Breach } from '../breach.ts';
import { type History, isOwnersHandIn } from '../history.ts';
import type { PlannedBy } from '../records.ts';

/** Until somebody else's trade is believed of a reading of the account, with the readings around it, ms. */
const HAND_KNOWN_MS = 75_000;

/**
 * What made room for an exit is not put back in its way while it still works: the exchange refuses what would close more
 * than there is.
 * @except the exchange refuses without a reason
 * @except a person has traded by hand within 75 s
 * @except the exit has become larger since
 */
export function findPutBack(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const target of readTargets(history)) {
    const isOnItsSide = ({ planned }: PlannedBy): boolean =>
      planned.symbol === target.symbol && planned.side === target.side && planned.reduce_only && !planned.protective;
    const madeRoom = new Map<string, number>();
    for (const { event, seq } of history.events) {
      if (seq > target.toSeq) break;
      if (event.kind !== 'order_intent' || event.payload.action !== 'cancel') continue;
      const order = history.orders.get(event.payload.client_order_id);
      if (event.payload.reason.startsWith('makes room') && order !== undefined && isOnItsSide(order))
        madeRoom.set(order.decision.rootId, Math.min(seq, madeRoom.get(order.decision.rootId) ?? seq));
    }
    for (const [id, order] of history.orders) {
      const { decision, planned } = order;
      if (
        planned.time_in_force !== 'GTC' ||
        decision.id === decision.rootId ||
        (madeRoom.get(decision.rootId) ?? decision.seq) >= decision.seq
      )
        continue;
      if (!isOnItsSide(order) || decision.seq < target.fromSeq || decision.seq > target.toSeq) continue;
      const refused = history.world.wire.records.find(
        ({ answer, clientId, method, params, sentAtMs, status }) =>
          method === 'POST' &&
          status === 400 &&
          answer?.includes('-2022') === true &&
          sentAtMs > decision.atMs &&
          history.orders.get(clientId ?? '')?.decision.rootId === target.id &&
          // Room was left for the exit as it was: by a change of the exchange's least quantity it may close more since.
          readE8(params.text('quantity') ?? '0') <= maxPlanned(history, target.id, decision.seq),
      );
      if (refused === undefined || hasFaults(history)) continue;
      // What is held since somebody else traded is known a minute later where what rests may have done it.
      if (isOwnersHandIn(history, planned.symbol, refused.sentAtMs - HAND_KNOWN_MS, refused.sentAtMs)) continue;
      breaches.push({
        code: 'others/put-back',
        detail: `${id} of ${decision.agent}, which made room, is placed again at ${at(decision.atMs)} while the exit ${target.id} works: the exchange refuses that at ${at(refused.sentAtMs)}`,
      });
    }
  }
  return breaches;
}

/** Units of 1e-8 of the largest order of an exit that had been decided by then. */
function maxPlanned({ orders }: History, rootId: string, untilSeq: number): number {
  let most = 0;
  for (const { decision, planned } of orders.values())
    if (decision.rootId === rootId && decision.seq <= untilSeq) most = Math.max(most, planned.quantity_e8);
  return most;
}

/** The exchange refuses what it has no reason to. */
function hasFaults({ plan }: History): boolean {
  return plan.steps.some(({ do: action }) => action.kind === 'fault' && action.fault.code === -2022);
}

interface Target {
  readonly id: string;
  readonly symbol: string;
  readonly side: string;
  readonly fromSeq: number;
  toSeq: number;
}

/** Exits that close now, from the request to their end; what comes to rest is none from then on. */
function readTargets({ events }: History): Iterable<Target> {
  const targets = new Map<string, Target>();
  for (const { event, seq } of events) {
    if (event.kind !== 'exit_target') continue;
    const { decision_id: id } = event.payload;
    if (event.payload.action === 'opened') {
      const { side, symbol } = event.payload;
      targets.set(id, { id, symbol, side, fromSeq: seq, toSeq: Number.POSITIVE_INFINITY });
    } else {
      const target = targets.get(id);
      if (target !== undefined) target.toSeq = Math.min(target.toSeq, seq);
    }
  }
  return targets.values();
}
