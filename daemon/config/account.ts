/** The one account of a home, as policies and records name it. */
export const ACCOUNT_NAME = 'main';
