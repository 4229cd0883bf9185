import { join } from 'node:path';
import type { Logger } from 'pino';
import { ACCOUNT_NAME } from '../../config/account.ts';
import type { Config } from '../../config/config.ts';
import { profileOf } from '../../core/venues.ts';
import type { Gate } from '../../driver/gate.ts';
import { LedgerError, messageOf } from '../../ledger/errors.ts';
import { openLedger } from '../../ledger/ledger.ts';
import { checkHead, followHead } from '../../ledger/proofs/head-file.ts';
import { HeadSigner } from '../../ledger/proofs/head-signer.ts';
import { openSigningKey } from '../../ledger/proofs/signing-key.ts';
import { expiryClock, ledgerClock } from '../../ledger/tokens.ts';
import type { Ledger, OpenLedgerOptions } from '../../ledger/types.ts';
import type { TimePort } from '../../time/time-port.ts';
import type { DomainClock } from '../../venue/wire/clock.ts';

/** How long a start waits for a verb that briefly holds the ledger, wall ms. */
const LOCK_WAIT_MS = 1_000;

export interface DaemonLedgerOptions {
  readonly clock: DomainClock;
  readonly time: TimePort;
  readonly log: Logger;
  /** Receives the news that the ledger cannot record, or has freed its reserve; null: not there yet. */
  readonly recording: () => Gate | null;
  /** `canceled`: resolves once openings at the venue were canceled, as far as possible. */
  readonly onFailure: (canceled: Promise<void>) => void;
  readonly how: Pick<OpenLedgerOptions, 'storage' | 'randomBytes' | 'scheduleCommit'> | undefined;
}

/** The ledger that a daemon records in. @throws LedgerError */
export function openDaemonLedger(config: Config, path: string, options: DaemonLedgerOptions): Ledger {
  const { clock, log, time } = options;
  return openLedger({
    ...options.how,
    lockWaitMs: LOCK_WAIT_MS,
    path,
    venue: config.venue,
    account: ACCOUNT_NAME,
    now: ledgerClock(clock, time),
    time,
    expiry: expiryClock(config.venue, clock, time),
    onFailure: (error) => {
      log.fatal({ err: error }, 'the ledger cannot record: trading stops');
      options.onFailure(options.recording()?.onLedgerFailure() ?? Promise.resolve());
    },
    onReserveUsed: () => {
      log.error('the disk is full: the reserve was freed; free disk space now');
      options.recording()?.onReserveUsed();
    },
  });
}

/** Alerts of the files beside a ledger. An alert has its place in domain time: before that is known, it waits for it. */
export class HomeAlerts {
  readonly core: Pick<Gate['core'], 'alert' | 'ports' | 'state'>;
  readonly #waiting: (readonly [code: 'HEAD_FILE' | 'HEAD_KEY', why: string])[] = [];

  constructor(core: HomeAlerts['core']) {
    this.core = core;
  }

  tell(code: 'HEAD_FILE' | 'HEAD_KEY', why: string): void {
    const { clock, log } = this.core.ports;
    if (clock.isSynced) this.core.alert(code, why);
    else {
      log.error({}, why);
      this.#waiting.push([code, why]);
    }
  }

  /** Domain time is known. */
  tellWaiting(): void {
    for (const [code, why] of this.#waiting.splice(0)) this.core.alert(code, why);
  }
}

/** Compares the ledger with its head file, then keeps the head file up to date. @throws LedgerError */
export function followHeadOf(config: Config, ledger: Ledger, alerts: HomeAlerts, time: TimePort): () => Promise<void> {
  const isNew = alerts.core.state.lastEventAtMs === 0;
  checkHead(config.headFile, ledger, { isNew, mayReplace: profileOf(config.venue).isSimulated });
  const head = followHead(config.headFile, ledger, {
    time,
    onProblem: (why) => alerts.tell('HEAD_FILE', why),
  });
  return () => head.close();
}

/**
 * Signs heads from now on; null: the key cannot be used, and an alert says why. Trading does not depend on it.
 */
export function openHeadSigner(config: Config, ledger: Ledger, alerts: HomeAlerts, time: TimePort): HeadSigner | null {
  const { clock, log } = alerts.core.ports;
  const tell = (why: string): void => alerts.tell('HEAD_KEY', why);
  try {
    const key = openSigningKey(signingKeyPath(config), ledger);
    if (key.warning !== null) tell(key.warning);
    return new HeadSigner({
      ledger,
      key,
      now: ledgerClock(clock, time),
      time,
      onProblem: (error) => log.warn({ err: error }, 'no head was signed; the next one covers more'),
    });
  } catch (error) {
    if (error instanceof LedgerError && error.code !== 'LEDGER_PERMISSIONS') throw error;
    tell(`no heads are signed: ${messageOf(error)}`);
    return null;
  }
}
/** Where the key of a ledger's heads lies. */
export function signingKeyPath({ home, venue }: Pick<Config, 'home' | 'venue'>): string {
  return join(home, venue, 'head.key');
}
