import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { venueAccess } from '../../../boot/paper.ts';
import { profileOf, SIMULATED_VENUE } from '../../../core/venues.ts';
import type { VenuePort } from '../../../driver/ports.ts';
import type { FetchOutcome } from '../../../engine/records/venue.ts';
import { SYSTEM_TIME } from '../../../time/system-time.ts';
import { createEmergencyVenue } from '../../../venue/create-venue.ts';
import type { KeyReads, KeyRights } from '../../../venue/reads/key-reads.ts';
import { DomainClock } from '../../../venue/wire/clock.ts';
import { type Check, type Examined, type Finding, proven, refuted, unknown } from './finding.ts';

type Answer<T> = { readonly kind: 'ok'; readonly value: T } | { readonly kind: 'failed'; readonly detail: string };

/**
 * The venue, asked with the daemon's keys and past the daemon. What keeps it from being asked is thrown by each read.
 */
export class VenueSide {
  readonly #clock = new DomainClock(SYSTEM_TIME);
  readonly #open: () => ReturnType<typeof createEmergencyVenue>;
  #opened: ReturnType<typeof createEmergencyVenue> | null = null;
  #rights: Promise<Answer<KeyRights>> | null = null;

  constructor({ config, secrets }: Pick<Examined, 'config' | 'secrets'>) {
    this.#open = async () => {
      const access = venueAccess(config, secrets, null);
      const isUnknown = 'baseUrl' in access && access.baseUrl === '';
      const file = join(config.home, SIMULATED_VENUE, 'exchange.url');
      return createEmergencyVenue({
        access: isUnknown ? { ...access, baseUrl: readFileSync(file, 'utf8').trim() } : access,
        clock: this.#clock,
        time: SYSTEM_TIME,
      });
    };
  }

  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => null);
    await opened?.venue.close();
  }

  #venue(): ReturnType<typeof createEmergencyVenue> {
    this.#opened ??= this.#open();
    return this.#opened;
  }

  /** `readNow`: domain time of the daemon. */
  async compareClock(readNow: () => Promise<number>, maxMs: number): Promise<Finding> {
    const failed = await this.#sync();
    if (failed !== null) return unknown(`the venue does not tell its time: ${failed}`);
    const before = this.#clock.nowMs();
    const daemonMs = await readNow();
    const after = this.#clock.nowMs();
    // Between the two the daemon said its time; what cannot be told apart counts in its favour.
    const skewMs = Math.round(Math.max(0, before - daemonMs, daemonMs - after));
    const said = `${skewMs} ms apart, ${maxMs} ms are allowed`;
    return skewMs > maxMs ? refuted(said) : proven(said);
  }

  /** The venue itself, once its time is known. @throws Error when it does not tell */
  async openVenue(): Promise<VenuePort> {
    const failed = await this.#sync();
    if (failed !== null) throw new Error(`the venue does not tell its time: ${failed}`);
    return (await this.#venue()).venue;
  }

  async #sync(): Promise<string | null> {
    const { venue } = await this.#venue();
    if (profileOf(venue.venue).isSimulated) this.#clock.setScale(await venue.fetchTimeScale());
    const startedMs = performance.now();
    const synced = this.#clock.sync(await venue.fetchServerTime(), performance.now() - startedMs);
    return synced.kind === 'failed' ? synced.detail : null;
  }

  checks(): readonly Check[] {
    const about = (judge: (rights: KeyRights) => Finding) => async (): Promise<Finding> => {
      const rights = await this.#readRights();
      if (rights.kind !== 'ok') return unknown(`the venue does not tell the key's rights: ${rights.detail}`);
      return judge(rights.value);
    };
    const must = (isSo: boolean, yes: string, no: string): Finding => (isSo ? proven(yes) : refuted(no));
    return [
      {
        id: 'key_withdrawal',
        claim: 'the key cannot withdraw',
        run: about(({ withdraws }) =>
          must(!withdraws, 'no withdrawals', 'the key may withdraw: make one that may not'),
        ),
      },
      {
        id: 'key_futures_only',
        claim: 'the key trades futures and nothing else',
        run: about(({ tradesElsewhere, tradesFutures }) =>
          must(
            tradesFutures && !tradesElsewhere,
            'futures alone',
            tradesFutures ? 'the key also trades spot, margin or options' : 'the key does not trade futures',
          ),
        ),
      },
      {
        id: 'key_addresses',
        claim: 'the key works from listed addresses alone',
        run: about(({ isIpBound }) => must(isIpBound, 'bound to addresses', 'the key works from any address')),
      },
      {
        id: 'key_transfers',
        claim: 'the key moves no money to other accounts: the loss is capped by what this account holds',
        run: about(({ transfers }) => must(!transfers, 'no transfers', 'the key may transfer to other accounts')),
      },
      { id: 'sub_account', claim: 'the account is a sub-account', run: () => this.#judgeAccount() },
    ];
  }

  async #judgeAccount(): Promise<Finding> {
    const list = await this.#ask((keys) => keys.fetchSubAccounts());
    if (list.kind === 'ok')
      return refuted(`it is a main account with ${list.value} sub-accounts: what it holds beside futures is in reach`);
    return unknown(`only a main account gets an answer, and the venue gave none: ${list.detail}`);
  }

  #readRights(): Promise<Answer<KeyRights>> {
    this.#rights ??= this.#ask((keys) => keys.fetchRights());
    return this.#rights;
  }

  async #ask<T>(read: (keys: KeyReads) => Promise<FetchOutcome<T>>): Promise<Answer<T>> {
    const failed = await this.#sync();
    return failed === null ? read((await this.#venue()).keys) : { kind: 'failed', detail: failed };
  }
}
