/** What the campaign judges by: the exchange's books, the ledger's file, and what the client sent and was answered. */

export interface BookFill {
  readonly trade_id: number;
  readonly time_ms: number;
  readonly side: string;
  readonly symbol: string;
  readonly quantity: string;
  readonly maker: boolean;
  readonly position_after: string;
}
export interface BookOrder {
  readonly order_id: number;
  readonly client_order_id: string;
  readonly symbol: string;
  readonly side: string;
  readonly price: string;
  readonly quantity: string;
  readonly executed_quantity: string;
  readonly reduce_only: boolean;
  readonly status: string;
  readonly created_ms: number;
  readonly updated_ms: number;
  readonly mark_at_placement: string;
  readonly fills: readonly BookFill[];
}
/** As `GET /sim/books` gives them, as far as they are read here. */
export interface Books {
  readonly server_time_ms: number;
  readonly positions: readonly { readonly symbol: string; readonly quantity: string; readonly mark_price: string }[];
  readonly orders: readonly BookOrder[];
}

/** An order that a decision in the ledger planned. */
export interface Planned {
  readonly clientId: string;
  /** The decision that a caller was answered with, also where a later one sent it. */
  readonly rootId: string;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly reduceOnly: boolean;
  readonly lots: number;
}
export interface Decided {
  readonly id: string;
  readonly seq: number;
  readonly atMs: number;
  readonly requestId: string | null;
  readonly kind: string;
  readonly verdict: string;
  readonly action: string | null;
  readonly symbol: string | null;
  readonly lots: number;
}
export interface Outcome {
  readonly status: string;
  readonly executedLots: number;
  /** Record that says so: records have an order that no clock can turn. */
  readonly seq: number;
}
/** What the ledger's file tells. */
export interface Tale {
  readonly planned: Map<string, Planned>;
  readonly decisions: Map<string, Decided>;
  /** Last word on each order. */
  readonly outcomes: Map<string, Outcome>;
  readonly alerts: { readonly seq: number; readonly code: string; readonly symbol: string | null }[];
  /** Why an exit ended, by its decision. */
  readonly exitEnds: Map<string, string>;
  lastSeq: number;
}

/** One call of an agent: `status` is null when its connection ended without an answer. */
export interface Call {
  readonly requestId: string;
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  status: number | null;
  answer: ToolText | null;
  /** What a malformed call was answered: a mistake of the campaign itself. */
  problem?: string;
}
/** An answer of a trading tool, as far as it is read here. */
export interface ToolText {
  readonly decision: {
    readonly decision: string;
    readonly decision_id: string;
    readonly symbol: string | null;
    readonly effective: { readonly action: string; readonly lots: number | null } | null;
    readonly reasons: readonly { readonly code: string }[];
  };
  readonly execution: {
    readonly state: string;
    readonly orders: readonly {
      readonly client_order_id: string;
      readonly venue_order_id: string | null;
      readonly status: string;
      readonly filled_quantity: string;
    }[];
  };
}
