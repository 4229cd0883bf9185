/** All that follows from the venue's refusal, whichever venue it is. Its adapter names the cause. */
interface CauseRow {
  /** Towards giving up an exit. Else nothing of ours would have been let through, and waiting helps. */
  readonly counts: boolean;
  /** Before the next order of an exit, ms. */
  readonly minWaitMs: number;
  /** The same may be taken a little later, as callers are told. */
  readonly retryable: boolean;
  /** Has to be learned, or seen to, first. `closed` and `paused`: only exits leave until the venue answers again. */
  readonly first: 'closed' | 'paused' | 'restricted' | 'clock' | 'rules' | 'listing' | 'account' | null;
  /** It never left: we held it back ourselves. */
  readonly ours?: true;
}

const CAUSES = {
  /** No such lots are held, or what rests beside it would close them. */
  nothing_to_reduce: { counts: true, minWaitMs: 0, retryable: false, first: 'account' },
  price_band: { counts: true, minWaitMs: 0, retryable: true, first: null },
  /** The book cannot take it just now, or an error inside the venue. */
  try_again: { counts: true, minWaitMs: 0, retryable: true, first: null },
  /** Another order that closes the whole position rests on this side. */
  stop_exists: { counts: true, minWaitMs: 0, retryable: false, first: null },
  would_fire: { counts: true, minWaitMs: 0, retryable: false, first: null },
  busy: { counts: false, minWaitMs: 0, retryable: true, first: 'paused' },
  /** Not a byte left. */
  away: { counts: false, minWaitMs: 0, retryable: true, first: 'paused' },
  banned: { counts: false, minWaitMs: 0, retryable: true, first: 'closed' },
  shut_out: { counts: false, minWaitMs: 0, retryable: false, first: 'closed' },
  /** The key, or the account. RISK: no wait ends that, so it counts. */
  key_refused: { counts: true, minWaitMs: 0, retryable: false, first: 'closed' },
  restricted: { counts: true, minWaitMs: 0, retryable: false, first: 'restricted' },
  clock_off: { counts: false, minWaitMs: 0, retryable: true, first: 'clock' },
  /** The venue has other steps than those on record: written anew, the same order is taken. */
  off_grid: { counts: false, minWaitMs: 0, retryable: true, first: 'rules' },
  /** A rule that was kept to, or a request that could not be built. */
  rules_differ: { counts: true, minWaitMs: 0, retryable: false, first: 'rules' },
  symbol_closed: { counts: true, minWaitMs: 0, retryable: false, first: 'listing' },
  order_limit: { counts: false, minWaitMs: 1_000, retryable: false, first: 'account' },
  /** Less margin, or fewer lots, than was read. */
  account_differs: { counts: true, minWaitMs: 0, retryable: false, first: 'account' },
  /** What has just been opened shows a moment later. */
  not_held_yet: { counts: true, minWaitMs: 0, retryable: true, first: 'account' },
  other: { counts: true, minWaitMs: 0, retryable: false, first: null },
  late: { counts: false, minWaitMs: 0, retryable: true, first: null, ours: true },
  /** A setting that has to be shown first. */
  unconfirmed: { counts: false, minWaitMs: 0, retryable: true, first: 'account', ours: true },
  withheld: { counts: true, minWaitMs: 0, retryable: false, first: null, ours: true },
} as const satisfies Readonly<Record<string, CauseRow>>;

export type Cause = keyof typeof CAUSES;

export const rowOf = (cause: Cause): CauseRow => CAUSES[cause];
/** The answer would be the same for any request. */
export function isOfAccount(cause: Cause): boolean {
  const { first } = CAUSES[cause];
  return first === 'closed' || first === 'paused' || first === 'restricted' || first === 'clock';
}
