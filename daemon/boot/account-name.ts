/** The one account of a venue that a ledger is of, so far. */
export const ACCOUNT_NAME = 'main';
