/** An order that has ended and left the views, as it was then. Instants in ms of event time. */
export interface EndedOrderRow {
  readonly client_order_id: string;
  /** Null: nobody here asked for it. */
  readonly decision_id: string | null;
  readonly agent: string | null;
  readonly symbol: string;
  readonly planned_at_ms: number;
  readonly ended_at_ms: number;
  /** JSON of the order. */
  readonly body: string;
  /** JSON of the claim whose first order it is; null: it is of none. */
  readonly claim: string | null;
}
/** One id, one decision, or at least the `count` that were planned last, newest first; absent: anybody's, any symbol's. */
export type EndedOrderQuery =
  | { readonly clientOrderId: string }
  | { readonly decisionId: string }
  | { readonly agent?: string; readonly symbol?: string; readonly endedAfterMs: number; readonly count: number };
