import type { GateCore } from '../journal/journal.ts';
import type { Breach } from '../plan/standing.ts';
import type { AccountInputs, SymbolInputs } from '../snapshot/inputs.ts';

/** A breach by the mark that lasts this long counts alone, wall ms: positions are liquidated by the mark. */
const LASTS_MS = 10_000;

interface Reading {
  readonly live: SymbolInputs;
  readonly account: AccountInputs;
  lots: number;
}
interface Run {
  readonly sinceWallMs: number;
  prior: Reading | null;
  last: Reading;
}

/**
 * Breaches that two consecutive readings of the mark and of the account show. RISK: on one bad print, of a mark or of
 * the account's value, the gate would close at a price that never traded again (BY-53).
 */
export class CutReadings {
  readonly #core: GateCore;
  readonly #runs = new Map<string, Run>();

  constructor(core: GateCore) {
    this.#core = core;
  }

  /** Takes everything above a cap now; returns what to cut, by the smaller of the last two readings. */
  confirm(breaches: readonly Breach[]): readonly Breach[] {
    for (const symbol of this.#runs.keys())
      if (!breaches.some((breach) => breach.symbol === symbol)) this.#runs.delete(symbol);
    return breaches.flatMap((breach) => {
      const lots = this.#confirmedLots(breach);
      return lots === null ? [] : [{ ...breach, lots }];
    });
  }

  /** Null: not yet. */
  #confirmedLots({ symbol, lots }: Breach): number | null {
    const live = this.#core.market.symbol(symbol);
    const { account } = this.#core.market;
    if (live === null || account === null) return null;
    const now = this.#core.ports.time.monotonicMs();
    const run = this.#runs.get(symbol);
    if (run === undefined) {
      this.#runs.set(symbol, { sinceWallMs: now, prior: null, last: { live, account, lots } });
      return null;
    }
    const { last } = run;
    const isMarkNew = this.#isAnother(live, last.live, live.markAtMs, last.live.markAtMs);
    const isAccountNew = this.#isAnother(account, last.account, account.observedAtMs, last.account.observedAtMs);
    const isLasting = now - run.sinceWallMs >= LASTS_MS;
    if (isMarkNew && (isLasting || (isAccountNew && isNearBook(live, this.#core.policySpec.market.collar_bps)))) {
      run.prior = last;
      run.last = { live, account, lots };
    } else last.lots = Math.min(last.lots, lots);
    if (run.prior !== null) return Math.min(run.prior.lots, lots);
    if (isLasting)
      this.#core.alertRarely(
        'POSITION_ABOVE_CAP',
        `the position is above its cap by the last mark, and no second one has come for ${LASTS_MS / 1000} s: nothing is cut before`,
        symbol,
      );
    return null;
  }

  /** A different answer from a different time; at scale 0 the venue's time stands between its commands. */
  #isAnother(is: object, was: object, isAtMs: number, wasAtMs: number): boolean {
    return is !== was && (isAtMs !== wasAtMs || this.#core.ports.clock.scale === 0);
  }
}

/** The largest distance at which openings take both for one market (rule 11). */
function isNearBook({ mark, bid, ask }: SymbolInputs, collarBps: number): boolean {
  return Math.abs((bid + ask) / 2 - mark) * 1e4 <= collarBps * mark;
}
