/** What a state of an execution, or of its `retryable`, means to the caller, and what to do about it. */
export interface StateText {
  readonly meaning: string;
  readonly advice: string;
}

/** Every state that an execution can have, and no other. docs/agents.md has this table. */
export const EXECUTION_STATE_TEXTS = {
  none: { meaning: 'nothing was sent, or it is too old to tell (`note`)', advice: 'see `reasons`' }, // AN-247, note
  awaiting_approval: {
    meaning: 'nothing was sent; a person is asked (`approval` has the card and the end)', // AN-248
    advice: 'never send again; ask `get_decision`: `approval.decision_id` is the decision that followed', // AN-249
  },
  submitting: {
    meaning: 'sent; the exchange has not answered yet', // AN-250
    advice: 'never send again; ask `get_decision`', // AN-251
  },
  staging: {
    meaning: 'a part of it is sent later, or what it closes can still grow', // AN-252
    advice: 'ask `get_decision`; `cancel_all` stops what opens', // AN-253
  },
  working: { meaning: 'it rests in the book, nothing is filled', advice: '`modify_order`, `cancel_order`, or wait' }, // AN-254, note
  partially_filled: {
    meaning: 'a part is filled; `open_orders` (`orders` in full) say whether the rest still works', // AN-255
    advice: 'while it works as for `working`; else treat `filled_quantity` as your order', // note
  },
  filled: { meaning: 'all of it is filled', advice: 'done' }, // AN-256
  canceled: { meaning: 'over, nothing was filled', advice: 'decide anew; the same intent is no duplicate' }, // AN-257, AN-258
  expired: {
    meaning: 'over, nothing was filled: the market was beyond the bound, or what rested came to its date; see `note`', // AN-259
    advice: 'decide anew, perhaps with a wider `max_slippage_bps`; the same intent is no duplicate', // AN-260
  },
  rejected: { meaning: 'the exchange refused it; `note` says why', advice: 'see `retryable`' }, // AN-261, note
  unknown: {
    meaning: 'sent; the outcome is being looked up', // AN-262
    advice: 'never send again; ask `get_decision`', // AN-263
  },
  lost: {
    meaning: 'its outcome cannot be determined; it counts as open', // AN-264
    advice: 'never send again; an operator ends it', // AN-265
  },
} as const satisfies { readonly [state: string]: StateText };
export const EXECUTION_STATES = Object.keys(EXECUTION_STATE_TEXTS) as (keyof typeof EXECUTION_STATE_TEXTS)[];

/** `execution.retryable`; absent in brief answers where it is false. */
export const RETRYABLE_TEXTS: { readonly true: StateText; readonly false: StateText } = {
  true: {
    meaning: 'the exchange refused it for a temporary cause', // AN-266
    advice: 'retry once, with a new `request_id`', // note
  },
  false: {
    meaning: 'a retry changes nothing, or nothing was refused', // note
    advice: 'act by `execution.state`', // note
  },
};
