import type { Books, Call, Tale } from './evidence.ts';

/**
 * Where a kill fell, of each client's latest call: before its decision was on disk; after that and before any order of
 * it was at the exchange; while an order of it was there and its outcome not on disk; after that and before the answer;
 * after the answer.
 */
export const PLACES = ['before_record', 'after_record', 'in_flight', 'before_answer', 'after_answer'] as const;
export type Place = (typeof PLACES)[number];
export type Histogram = Record<Place, number>;

export function emptyHistogram(): Histogram {
  return { before_record: 0, after_record: 0, in_flight: 0, before_answer: 0, after_answer: 0 };
}

const OPEN_OUTCOMES = new Set(['unknown', 'in_flight', 'pending_send']);

export function placeOf(call: Call, books: Books, tale: Tale): Place {
  if (call.status !== null) return 'after_answer';
  const decision = [...tale.decisions.values()].find((one) => one.requestId === call.requestId);
  if (decision === undefined) return 'before_record';
  const orders = [...tale.planned.values()].filter((planned) => planned.rootId === decision.id);
  const booked = new Set(books.orders.map((order) => order.client_order_id));
  const sent = orders.filter(({ clientId }) => booked.has(clientId));
  if (sent.length === 0) return 'after_record';
  const isReported = sent.every(({ clientId }) => {
    const outcome = tale.outcomes.get(clientId);
    return outcome !== undefined && !OPEN_OUTCOMES.has(outcome.status);
  });
  return isReported ? 'before_answer' : 'in_flight';
}
