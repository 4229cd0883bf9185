import type { Receipt } from '../bodies/receipt.ts';

export type ReceiptOutcome =
  | { readonly kind: 'receipt'; readonly receipt: Receipt }
  /** No decision of the caller has this id. */
  | { readonly kind: 'unknown' }
  /** The head does not cover the decision; absent `head`: none does yet, and a next one is signed after `retryAfterMs`. */
  | { readonly kind: 'uncovered'; readonly coveredTo: number; readonly seq: number; readonly retryAfterMs: number }
  /** There is no head of that number. */
  | { readonly kind: 'no_head'; readonly last: number }
  /** This ledger signs no heads. */
  | { readonly kind: 'unsigned' };
