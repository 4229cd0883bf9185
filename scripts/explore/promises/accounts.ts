import type { ReportBody } from '../../../daemon/contract/types/accounts.ts';
import { type Income, MOVE_TYPES, type Trade } from '../../../daemon/exchange-sim/core/state.ts';
import type { Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { OPERATOR } from '../records.ts';

const DAY_MS = 86_400_000;
const CENT = 0.01;
const MOVES: ReadonlySet<string> = new Set(MOVE_TYPES);
type Books = NonNullable<ReportBody['books']>;

/**
 * At quiet, the reports of all days add up to the exchange's books to the cent, whatever the agents' parts are; and where
 * it is plain whose lots an exit closed, an agent's profit is that of its own buys and sells.
 * @except a ledger was put back
 */
export function findAccountBreaches(history: History): readonly Breach[] {
  const { gate, homes } = history.world;
  if (gate === null || !gate.keeper.isReconciled) return [];
  // What a restore has lost this ledger cannot tell; what another daemon did counts as anybody's trade.
  if (homes.restores.length > 0) return [];
  const { sinceMs } = gate.core.state.accounts;
  if (sinceMs === null) return [{ code: 'accounts/none', detail: 'the accounts never began' }];
  const { income, trades } = history.world.exchange.world.state;
  const rows = income.filter(({ timeMs }) => timeMs > sinceMs);
  const readToMs = gate.core.state.accounts.incomeReadToMs ?? 0;
  const isRead = rows.every(({ timeMs }) => timeMs <= readToMs);
  const days = new Set(
    [...rows, ...trades.filter(({ timeMs }) => timeMs > sinceMs)].map(({ timeMs }) => dayOf(timeMs)),
  );
  return [...[...days].flatMap((dayMs) => judgeDay(history, dayMs, rows, isRead)), ...judgeAgents(history, sinceMs)];
}

function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_MS) * DAY_MS;
}

/**
 * The report of a day says what the exchange’s list of income says [AN-209 AN-210 AN-211 AN-218].
 * @except income is not read to its end: then the differences alone are judged
 */
function judgeDay({ world }: History, dayMs: number, rows: readonly Income[], isRead: boolean): readonly Breach[] {
  const name = new Date(dayMs).toISOString().slice(0, 10);
  const books = world.gate?.getReport(OPERATOR, { kind: 'day', name })?.books ?? null;
  if (books === null) return [{ code: 'accounts/day', detail: `there is no report of ${name}` }];
  const breaches: Breach[] = [];
  const compare = (what: keyof Books, reported: number | null, due: number): void => {
    if (reported === null || Math.abs(reported - due) >= CENT)
      breaches.push({ code: `accounts/${what}`, detail: `${name}: ${reported} told, ${due} by the books` });
  };
  compare('unexplained_usdt', books.unexplained_usdt, 0);
  if (!isRead) return breaches;
  const sum = (isOf: (row: Income) => boolean): number =>
    rows.reduce((usdt, row) => (dayOf(row.timeMs) === dayMs && isOf(row) ? usdt + Number(row.amount) / 1e8 : usdt), 0);
  compare('unconfirmed_usdt', books.unconfirmed_usdt, 0);
  compare(
    'realised_usdt',
    books.realised_usdt,
    sum(({ type }) => type === 'REALIZED_PNL'),
  );
  compare(
    'commission_usdt',
    books.commission_usdt,
    sum(({ type }) => type === 'COMMISSION'),
  );
  compare(
    'funding_usdt',
    books.funding_usdt,
    sum(({ type }) => type === 'FUNDING_FEE'),
  );
  compare(
    'other_usdt',
    books.other_usdt,
    sum(({ type }) => type === 'INSURANCE_CLEAR'),
  );
  compare(
    'transfers_usdt',
    books.transfers_usdt,
    sum(({ type }) => MOVES.has(type)),
  );
  const earned = sum(({ type }) => !MOVES.has(type));
  compare('accounted_usdt', books.accounted_usdt + books.entry_difference_usdt, earned);
  return breaches;
}

/** Figures of an agent in a symbol, by its own trades. */
interface Plain {
  quantityE8: number;
  costUsdt: number;
  realisedUsdt: number;
  feesUsdt: number;
}

/**
 * Own trades alone, in the exchange's order, whenever they were listed; a symbol in which somebody closed what is not
 * plainly its own is left out.
 * @except a recovery
 * @except somebody closed in the symbol what is not plainly its own
 * @except what is held in the symbol was adopted: it is worth something to another
 */
function judgeAgents(history: History, sinceMs: number): readonly Breach[] {
  const { gate, exchange, homes } = history.world;
  // After a recovery everything is nobody's, the trades too that were not read by then.
  if (homes.recoveries.length > 0) return [];
  const plain = new Map<string, Plain>();
  const unsure = new Set<string>();
  for (const trade of exchange.world.state.trades) {
    const owner = history.orders.get(trade.clientOrderId)?.decision;
    if (owner?.origin !== 'agent' || trade.timeMs <= sinceMs) unsure.add(trade.symbol);
    else if (!take(plain, `${owner.agent} ${trade.symbol}`, trade)) unsure.add(trade.symbol);
  }
  const breaches: Breach[] = [];
  for (const [key, { costUsdt, feesUsdt, quantityE8, realisedUsdt }] of plain) {
    const [agent = '', symbol = ''] = key.split(' ');
    if (unsure.has(symbol)) continue;
    const body = gate?.getAgent(OPERATOR, agent);
    const sums = body?.symbols.find((of) => of.symbol === symbol)?.sums;
    const compare = (what: string, reported: number | undefined, due: number): void => {
      if (reported === undefined || Math.abs(reported - due) >= CENT)
        breaches.push({ code: `accounts/agent-${what}`, detail: `${key}: ${reported} told, ${due} by its trades` });
    };
    const mark = gate?.core.market.symbol(symbol)?.mark ?? null;
    compare('realised', sums?.realised_usdt, realisedUsdt);
    const isAdopted = history.adoptions.some((adoption) => adoption.symbol === symbol);
    if (quantityE8 !== 0 && mark !== null && !isAdopted) {
      const held = body?.account.positions.find((of) => of.symbol === symbol)?.unrealised_usdt ?? 0;
      const due = realisedUsdt + (quantityE8 * mark) / 1e8 - costUsdt;
      compare('profit', sums === undefined ? undefined : sums.realised_usdt + held, due);
    }
    compare('fees', sums?.fees_usdt, feesUsdt);
  }
  return breaches;
}

/** False: it closed more than its agent held, or the account's lots lie on the other side. */
function take(all: Map<string, Plain>, key: string, trade: Trade): boolean {
  const of = all.get(key) ?? { quantityE8: 0, costUsdt: 0, realisedUsdt: 0, feesUsdt: 0 };
  all.set(key, of);
  const signed = (trade.side === 'BUY' ? 1 : -1) * Number(trade.quantity);
  const price = Number(trade.price) / 1e16;
  of.feesUsdt += Number(trade.commission) / 1e8;
  const isClosing = trade.positionBefore !== 0n && trade.positionBefore > 0n !== signed > 0;
  if (!isClosing) {
    of.quantityE8 += signed;
    of.costUsdt += signed * price;
    return true;
  }
  if (Math.abs(signed) > Math.abs(of.quantityE8) || of.quantityE8 * signed >= 0) return false;
  const released = (of.costUsdt * -signed) / of.quantityE8;
  of.realisedUsdt += -signed * price - released;
  of.costUsdt -= released;
  of.quantityE8 += signed;
  return true;
}
