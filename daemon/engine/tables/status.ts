/** All that follows from the status of an order. Nothing else compares one. */
interface StatusRow {
  /** Its end is not proven: it counts in full (DESIGN "Live set"). */
  readonly mayFill: boolean;
  /** It may be at the venue: it was sent, or is about to be. */
  readonly atVenue: boolean;
  /** No answer has shown what became of it. */
  readonly unproven: boolean;
  /** It never rested, and nothing of it was filled: the venue refused it, or it never arrived. */
  readonly refused: boolean;
  /** State of an execution by it; null: by what its orders have filled. */
  readonly state: (typeof LIVE_STATES)[number] | null;
}
/** Of several orders the first of these counts. */
const LIVE_STATES = ['lost', 'unknown', 'submitting', 'staging', 'working'] as const;

const STATUSES = {
  pending_send: { mayFill: true, atVenue: false, unproven: false, refused: false, state: 'staging' },
  in_flight: { mayFill: true, atVenue: true, unproven: false, refused: false, state: 'submitting' },
  working: { mayFill: true, atVenue: true, unproven: false, refused: false, state: 'working' },
  partially_filled: { mayFill: true, atVenue: true, unproven: false, refused: false, state: 'working' },
  filled: { mayFill: false, atVenue: false, unproven: false, refused: false, state: null },
  canceled: { mayFill: false, atVenue: false, unproven: false, refused: false, state: null },
  expired: { mayFill: false, atVenue: false, unproven: false, refused: false, state: null },
  rejected: { mayFill: false, atVenue: false, unproven: false, refused: true, state: null },
  unknown: { mayFill: true, atVenue: true, unproven: true, refused: false, state: 'unknown' },
  lost: { mayFill: true, atVenue: true, unproven: true, refused: false, state: 'lost' },
  not_placed: { mayFill: false, atVenue: false, unproven: false, refused: true, state: null },
} as const satisfies Readonly<Record<string, StatusRow>>;

export type OrderStatus = keyof typeof STATUSES;
export const ORDER_STATUSES = Object.keys(STATUSES) as readonly OrderStatus[];
/** An order, or a word on one. The status is read anew with each question: it may change across an await. */
type Of = { readonly status: OrderStatus };

/** Nothing more of it can fill. */
export const isTerminal = ({ status }: Of): boolean => !STATUSES[status].mayFill;
export const isAtVenue = ({ status }: Of): boolean => STATUSES[status].atVenue;
export const isUnproven = ({ status }: Of): boolean => STATUSES[status].unproven;
export const isRefused = ({ status }: Of): boolean => STATUSES[status].refused;
/** The venue has shown that it rests. */
export const isResting = ({ status }: Of): boolean => STATUSES[status].state === 'working';

/** Reserved, and not sent yet. */
export const isPlanned = ({ status }: Of): boolean => status === 'pending_send';
/** Its answer is awaited. */
export const isInFlight = ({ status }: Of): boolean => status === 'in_flight';
export const isPartlyFilled = ({ status }: Of): boolean => status === 'partially_filled';
export const isFilled = ({ status }: Of): boolean => status === 'filled';
export const isCanceled = ({ status }: Of): boolean => status === 'canceled';
export const isExpired = ({ status }: Of): boolean => status === 'expired';
export const isRejected = ({ status }: Of): boolean => status === 'rejected';
/** It is looked up. */
export const isUnknown = ({ status }: Of): boolean => status === 'unknown';
/** Look-ups have not found it either. */
export const isLost = ({ status }: Of): boolean => status === 'lost';
export const isNotPlaced = ({ status }: Of): boolean => status === 'not_placed';

/** Filled or ended at once: IOC and MARKET. */
export function neverRests(order: { kind: 'regular' | 'algo'; foreign: boolean; timeInForce: string | null }): boolean {
  return order.kind === 'regular' && !order.foreign && order.timeInForce !== 'GTC';
}

/** State of an execution while one of its orders may fill; null: none may. */
export function liveState(orders: Iterable<Of>): StatusRow['state'] {
  const states = new Set<StatusRow['state']>();
  for (const { status } of orders) states.add(STATUSES[status].state);
  return LIVE_STATES.find((state) => states.has(state)) ?? null;
}
