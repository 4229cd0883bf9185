import { type Income, MOVE_TYPES } from '../../../daemon/exchange-sim/core/state.ts';
import { ACCOUNT, INCOME, readingsOf } from '../account-reads.ts';
import { at, type Breach } from '../breach.ts';
import { firstStepMs, type History } from '../history.ts';
import { START_MS } from '../market.ts';
import type { Action } from '../plan.ts';
import type { Decision } from '../records.ts';

const MOVES: ReadonlySet<string> = new Set(MOVE_TYPES);
const DAY_MS = 86_400_000;
const PAUSE_MS = 3_600_000;
/** A decision goes by a reading of the account as old as this, which may have been served late or by a copy of before, ms. */
const READING_AGE_MS = 25_000;
/** What lasts so long is no price of one reading, ms. */
const LASTING_MS = 12_000;
/** An account without news is recorded once a minute, ms. */
const RECORDED_WITHIN_MS = 75_000;
/** A move by more than this part of the wallet is looked up before it counts. */
const LOOKED_UP = 0.005;
/** From an answer until what it tells counts, ms. */
const COUNTS_WITHIN_MS = 1_000;
/** A copy of the account is shown for no longer, ms. */
const COPY_MS = 12_000;
/** As a share of equity: fees and fills between two readings. */
const HAIR = 0.002;

interface Sample {
  readonly atMs: number;
  /** Net of all that was moved, by the books, USDT. */
  readonly usdt: number;
}
interface Range {
  readonly least: number;
  readonly most: number;
}
interface Move {
  readonly row: Income;
  readonly atMs: number;
  readonly usdt: number;
  /** The first list of income that was answered without it, or that was not answered. */
  readonly lackedAtMs: number;
  /** The first list that tells it, to a process that goes on. */
  readonly reportedAtMs: number;
}

/**
 * What is moved into or out of the account is never profit or loss, whatever it is called: drawdown and daily loss of each
 * decision are what they would be without it, by the books. A move that the exchange does not list yet, and a small one
 * until the next list is read, may count meanwhile.
 * @except the ledger or a clock has failed
 * @except an operator has had drawdown measured anew
 * @except another daemon has run, or a ledger was put back
 * @except a copy of before was answered as the account
 * @except no list tells of it yet, and it is late, or little
 */
export function findMoveBreaches(history: History): readonly Breach[] {
  const { world } = history;
  const { restores, seconds } = world.homes;
  const moves = movesOf(history);
  if (moves.length === 0) return [];
  const samples = readingsOf(world.wire.reads).map(({ netUsdt, sentAtMs }) => ({ atMs: sentAtMs, usdt: netUsdt }));
  const lasting = lastingOf(samples);
  // Clocks that jump, ledgers that were put back, and drawdown that an operator has measured anew have figures of their own.
  const untilMs = Math.min(
    wentByCopyMs(history, moves),
    firstStepMs(history, hasOwnFigures),
    ...restores.map(({ copiedAtMs }) => copiedAtMs),
    ...seconds.map(({ startedAtMs }) => startedAtMs),
  );
  const { window_ms: windowMs } = world.file.spec.account.drawdown;
  const breaches: Breach[] = [];
  for (const decision of history.decisions.values()) {
    const { account, now_ms: nowMs } = decision.event.context;
    if (decision.atMs >= untilMs) break;
    if (account === null || nowMs - account.observed_at_ms > 10_000) continue;
    const before = samples.filter(({ atMs }) => atMs <= decision.atMs);
    const now = rangeNow(before, decision.atMs);
    if (now === null) continue;
    const unsettled = unsettledUsdt(history, moves, decision.atMs, Math.min(account.equity_usdt, now.least));
    const peak = {
      least: highest(lasting, decision.atMs - windowMs, decision.atMs - LASTING_MS, now.least),
      most: highest(before, decision.atMs - windowMs - 60_000, decision.atMs, now.most),
    };
    const slack = HAIR + unsettled / Math.max(1, now.least);
    const verdict =
      judge('drawdown', account.drawdown, lostOf(now, peak), slack) ??
      judge('daily-loss', account.daily_loss, lostOf(now, dayReference(before, nowMs - START_MS, now)), slack);
    if (verdict !== null) breaches.push(tell(decision, verdict));
  }
  return breaches;
}

/** Where the exchange's clock jumps its books do not: when something was moved they tell by another clock than its own. */
function hasOwnFigures(action: Action): boolean {
  return (
    action.kind === 'trouble' ||
    action.kind === 'rebase' ||
    (action.kind === 'fault' && action.fault.kind === 'clock-jump')
  );
}

/** From when on a copy of before a move was answered as the account: that it is one nobody can tell. */
function wentByCopyMs({ world }: History, moves: readonly Move[]): number {
  const copies = world.wire.reads.filter(({ answer, path, servedAtMs, status, walletUsdt }) => {
    if (path !== ACCOUNT || status !== 200 || answer === null || walletUsdt === null || servedAtMs === null)
      return false;
    const { totalWalletBalance: reported } = JSON.parse(answer) as { readonly totalWalletBalance: string };
    return (
      Math.abs(Number(reported) - walletUsdt) > 1 && moves.some(({ atMs }) => Math.abs(atMs - servedAtMs) < COPY_MS)
    );
  });
  return Math.min(Number.POSITIVE_INFINITY, ...copies.map(({ sentAtMs }) => sentAtMs));
}

function judge(what: string, reported: number, due: Range, slack: number): readonly [string, string] | null {
  if (reported >= due.least - slack && reported <= due.most + slack) return null;
  return [
    what,
    `${what} ${reported.toFixed(5)}; without what was moved ${due.least.toFixed(5)} to ${due.most.toFixed(5)}`,
  ];
}
function tell({ atMs, id }: Decision, [what, detail]: readonly [string, string]): Breach {
  return { code: `move/${what}`, detail: `${id} at ${at(atMs)}: ${detail}` };
}

function movesOf({ world }: History): readonly Move[] {
  const lists = world.wire.reads
    .filter(({ path }) => path === INCOME)
    .map((read) => ({
      ...read,
      isOfTransfers: read.query.includes('incomeType=TRANSFER'),
      ids: new Set(
        read.status === 200 && read.answer !== null
          ? (JSON.parse(read.answer) as readonly { readonly tranId: number }[]).map(({ tranId }) => tranId)
          : [],
      ),
    }));
  const livesOn = (life: number, atMs: number): boolean => {
    const toMs = world.lives.find(({ number }) => number === life)?.toMs ?? null;
    return toMs === null || toMs > atMs + COUNTS_WITHIN_MS;
  };
  return world.exchange.world.state.income
    .filter(({ type }) => MOVES.has(type))
    .map((row) => {
      const atMs = row.timeMs - START_MS;
      const due = lists.filter(
        ({ isOfTransfers, sentAtMs }) => sentAtMs >= atMs && (!isOfTransfers || row.type === 'TRANSFER'),
      );
      const tells = due.filter(
        ({ answeredAtMs, ids, life }) => ids.has(row.tranId) && livesOn(life, answeredAtMs ?? 0),
      );
      const lacks = due.filter(({ ids }) => !ids.has(row.tranId));
      return {
        row,
        atMs,
        usdt: Number(row.amount) / 1e8,
        lackedAtMs: Math.min(...lacks.map(({ sentAtMs }) => sentAtMs), Number.POSITIVE_INFINITY),
        reportedAtMs: Math.min(
          ...tells.map(({ answeredAtMs }) => answeredAtMs ?? Number.POSITIVE_INFINITY),
          Number.POSITIVE_INFINITY,
        ),
      };
    });
}

/**
 * What of moves may count as profit or loss at an instant, USDT: what no list tells yet, if it is late or little, or the
 * exchange is not to be asked.
 */
function unsettledUsdt({ world }: History, moves: readonly Move[], atMs: number, baseUsdt: number): number {
  const unknown = moves.filter((move) => move.atMs <= atMs && move.reportedAtMs + COUNTS_WITHIN_MS >= atMs);
  const isLittle = (usdt: number): boolean => Math.abs(usdt) <= LOOKED_UP * baseUsdt * 1.5;
  const isLittleInAll = isLittle(unknown.reduce((sum, { usdt }) => sum + usdt, 0));
  return unknown.reduce((sum, { atMs: movedMs, lackedAtMs, usdt }) => {
    const mayCount = isLittleInAll || isLittle(usdt) || lackedAtMs <= atMs;
    return mayCount || world.wire.leftAlone.isAskedWithin(movedMs, atMs) ? sum + Math.abs(usdt) : sum;
  }, 0);
}

function rangeNow(samples: readonly Sample[], atMs: number): Range | null {
  const last = samples.at(-1);
  if (last === undefined) return null;
  const recent = samples.filter((sample) => sample.atMs >= atMs - READING_AGE_MS).map(({ usdt }) => usdt);
  return { least: Math.min(last.usdt, ...recent), most: Math.max(last.usdt, ...recent) };
}

/** The least of each sample and of those that follow within some seconds: what more than one reading has shown. */
function lastingOf(samples: readonly Sample[]): readonly Sample[] {
  return samples.flatMap(({ atMs }, index) => {
    const following = samples.slice(index).filter((sample) => sample.atMs <= atMs + LASTING_MS);
    const isLong = (following.at(-1)?.atMs ?? atMs) - atMs >= LASTING_MS - 4_000;
    return isLong ? [{ atMs, usdt: Math.min(...following.map(({ usdt }) => usdt)) }] : [];
  });
}

function highest(samples: readonly Sample[], fromMs: number, toMs: number, least: number): number {
  return samples.reduce(
    (most, { atMs, usdt }) => (atMs >= fromMs && atMs <= toMs ? Math.max(most, usdt) : most),
    least,
  );
}

/** Between the smallest and the largest loss that equity and reference allow. */
function lostOf(now: Range, reference: Range): Range {
  const lost = (equity: number, of: number): number => (of <= 0 ? (equity < 0 ? 1 : 0) : Math.max(0, 1 - equity / of));
  return { least: lost(now.most, reference.least), most: lost(now.least, reference.most) };
}

/** The larger of equity at midnight and of a day ago. */
function dayReference(samples: readonly Sample[], nowMs: number, now: Range): Range {
  const midnightMs = Math.floor((START_MS + nowMs) / DAY_MS) * DAY_MS - START_MS;
  const [a, b] = [rangeAt(samples, midnightMs, now), rangeAt(samples, nowMs - DAY_MS, now)];
  return { least: Math.max(a.least, b.least), most: Math.max(a.most, b.most) };
}

/** The last reading not after an instant, else the first; across a long pause the larger of both sides. */
function rangeAt(samples: readonly Sample[], atMs: number, now: Range): Range {
  const last = samples.findLastIndex((sample) => sample.atMs <= atMs);
  const before = samples[Math.max(0, last)];
  if (before === undefined) return now;
  const next = samples[last + 1];
  if (last < 0) return { least: before.usdt, most: before.usdt };
  const around = samples
    .filter((sample) => sample.atMs >= atMs - RECORDED_WITHIN_MS && sample.atMs <= atMs + 1_000)
    .map(({ usdt }) => usdt);
  const range = { least: Math.min(before.usdt, ...around), most: Math.max(before.usdt, ...around) };
  if (next === undefined || next.atMs - before.atMs <= PAUSE_MS) return range;
  return { least: Math.max(range.least, next.usdt), most: Math.max(range.most, next.usdt) };
}
