import type { FetchOutcome } from '../../engine/records/venue.ts';
import { readFlag, requireList, requireObject } from '../wire/exact-fields.ts';
import type { Reader } from './reader.ts';

/** What the key permits at the venue. */
export interface KeyRights {
  readonly withdraws: boolean;
  /** Moves money to other accounts. */
  readonly transfers: boolean;
  readonly tradesFutures: boolean;
  /** Trades anything but futures, on margin or not. */
  readonly tradesElsewhere: boolean;
  /** Works from listed addresses alone. */
  readonly isIpBound: boolean;
}

/** Reads for a check of the venue's own limits. A daemon does not depend on them. */
export class KeyReads {
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  fetchRights(): Promise<FetchOutcome<KeyRights>> {
    return this.#reader.link.outcome(async () => {
      const json = requireObject(
        await this.#reader.read(1, (ccxt) => ccxt.sapiGetAccountApiRestrictions()),
        'apiRestrictions',
      );
      const has = (...names: string[]): boolean => names.some((name) => readFlag(json, name));
      return {
        withdraws: has('enableWithdrawals'),
        transfers: has('enableInternalTransfer', 'permitsUniversalTransfer'),
        tradesFutures: has('enableFutures'),
        tradesElsewhere: has('enableSpotAndMarginTrading', 'enableMargin', 'enableVanillaOptions'),
        isIpBound: has('ipRestrict'),
      };
    });
  }

  /** Number of sub-accounts that the key's account has: the venue tells it to a main account only. */
  fetchSubAccounts(): Promise<FetchOutcome<number>> {
    return this.#reader.link.outcome(async () => {
      const json = requireObject(await this.#reader.read(1, (ccxt) => ccxt.sapiGetSubAccountList()), 'subAccounts');
      return requireList(json.subAccounts, 'subAccounts').length;
    });
  }
}
