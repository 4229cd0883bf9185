import { profileOf } from '../../core/venues.ts';
import type { FeedSchedule } from '../feeds/feed-schedule.ts';
import { holdSymbols } from '../feeds/held-symbols.ts';
import { describeClosed } from '../feeds/market-feed.ts';
import type { ReadingMarks } from '../feeds/reading-marks.ts';
import type { LiveCore } from '../flow/core.ts';
import { call, type Flow } from '../flow/step.ts';
import type { AccountSnapshot } from '../records/venue.ts';
import type { VenueHealth } from '../sending/venue-health.ts';

/** What the last reading of the account showed, and who is told of one. */
export interface Margins {
  isolated: AccountSnapshot['isolated'] | null;
  readonly onRead: (feed: 'mode') => void;
}

export interface ModeParts {
  readonly core: LiveCore;
  readonly account: Margins;
  readonly health: VenueHealth;
  readonly marks: ReadingMarks;
  readonly schedule: FeedSchedule;
}

/**
 * Null: it is right. Else what is wrong with the account, why that could not be read or put right, or which symbols stay
 * on crossed margin in an account that is right otherwise.
 */
export type ModeProblem = { readonly kind: 'wrong' | 'unread' | 'crossed'; readonly detail: string } | null;

/** Reads the account's mode, and puts right what differs and may be changed. */
export function* readMode(
  { account, core, health }: Pick<ModeParts, 'account' | 'core' | 'health'>,
  symbols: readonly string[],
): Flow<ModeProblem> {
  const isListed = symbols.every((symbol) => account.isolated?.[symbol] !== undefined);
  const outcome = yield* call('prepareAccount', symbols, isListed ? account.isolated : null);
  if (outcome.kind === 'failed') {
    const { detail } = outcome;
    health.onReadFailure(outcome);
    core.ports.log.warn({ detail }, 'the account could not be prepared');
    return { kind: 'unread', detail };
  }
  account.onRead('mode');
  const mode = outcome.value;
  const wrong = [
    mode.oneWay ? null : 'the account is not in one-way mode',
    mode.singleAsset ? null : 'multi-assets margin is on',
    mode.canTrade ? null : 'the key may not trade',
    profileOf(core.settings.venue).isRealMoney && mode.canWithdraw !== false
      ? 'the key may withdraw, or its rights could not be read'
      : null,
  ].filter((problem) => problem !== null);
  if (wrong.length > 0) {
    const detail = wrong.join('; ');
    core.alertRarely('ACCOUNT_MODE', detail);
    return { kind: 'wrong', detail };
  }
  // The account's own list is read every few seconds only.
  account.isolated = { ...account.isolated, ...mode.isolated };
  const crossed = findCrossed(account, symbols);
  return crossed.length === 0 ? null : { kind: 'crossed', detail: mode.refusal ?? 'the venue has not put it back' };
}

/** Symbols whose margin is not known to be isolated. */
export function findCrossed({ isolated }: Pick<Margins, 'isolated'>, symbols: readonly string[]): readonly string[] {
  return symbols.filter((symbol) => isolated?.[symbol] !== true);
}

/** Each of them keeps that symbol from opening, and somebody has to know. */
export function tellCrossed(core: LiveCore, crossed: readonly string[], detail: string): void {
  if (crossed.length > 0)
    core.alertRarely(
      'ACCOUNT_MODE',
      `${crossed.join(', ')} not known to be on isolated margin, nothing is opened there: ${detail}`,
    );
}

/**
 * Holds a running daemon's account against the mode that a start asks for: a person may change it at the venue, and the
 * margin of a symbol that a policy adds is whatever the venue began it with. Nothing is opened meanwhile, in the symbol
 * where its margin is not isolated, in the account for anything else.
 */
export class ModeWatch {
  readonly #parts: ModeParts;
  readonly #enterBoot: (reason: string) => void;

  constructor(parts: ModeParts, enterBoot: (reason: string) => void, isReconciled: () => boolean) {
    this.#parts = parts;
    this.#enterBoot = enterBoot;
    parts.core.onPolicyChange(() => {
      // A daemon that is not reconciled opens nothing, and reads the mode before it does.
      if (isReconciled()) this.tick();
    });
  }

  /** Of the scope; what the venue does not trade has no settings. */
  #symbols(): readonly string[] {
    const { core } = this.#parts;
    return core.policySpec.scope.symbols.filter((symbol) => describeClosed(core, symbol) === null);
  }

  /** Called at every tick of a reconciled daemon, and before anything is decided by a new policy. */
  tick(): void {
    const { account, core, schedule } = this.#parts;
    if (holdSymbols(core, findCrossed(account, this.#symbols())).length > 0) schedule.dueNow('mode');
    schedule.start('mode', () => this.#poll());
  }

  *#poll(): Flow<boolean> {
    const { account, core, marks } = this.#parts;
    const symbols = this.#symbols();
    const problem = yield* readMode(this.#parts, symbols);
    if (problem === null) {
      marks.note('mode', core.nowMs(), symbols);
      return true;
    }
    if (problem.kind === 'wrong') {
      this.#enterBoot(`the account has another mode: ${problem.detail}`);
      return true;
    }
    tellCrossed(core, findCrossed(account, symbols), problem.detail);
    return false;
  }
}
