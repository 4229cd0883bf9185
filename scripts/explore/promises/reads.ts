import type { Gate } from '../../../daemon/driver/gate.ts';
import type { Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { nameless, OPERATOR } from '../records.ts';

/** More than a world has. */
const ALL = 100_000;
/** Lists are long, and worlds many: every other one is asked. */
const WORLDS = 2;
/** Pages of a list. */
const PAGES = 2;
/** The newest decisions, few, since each is derived anew. */
const ROWS = 3;
const DECISIONS = 2 * ROWS;
const CENT = 0.01;
/** Inputs are read more often than that, and clocks no further apart, ms. */
const FRESH_MS = 5_000;
const SKEW_MS = 1_000;
/** Filters are read again every fifteen minutes. */
const FILTERS_MS = 960_000;
const WEEK_MS = 7 * 86_400_000;

interface Page<T> {
  readonly rows: readonly T[];
  readonly next: string | null;
}
type ReadPage<T> = (limit: number, cursor: string | null) => Page<T>;

/**
 * At quiet, a list that is read page by page, or by a filter, has what the whole one has; a week is its days, for an agent
 * its own rows of it; the daemon says what it waits for, and nothing otherwise; and no more is left to open than the caps
 * leave.
 */
export function findReadBreaches(history: History): readonly Breach[] {
  const { gate } = history.world;
  if (gate === null || !gate.keeper.isReconciled || history.plan.seed % WORLDS === 0) return [];
  return [
    ...findPages(gate),
    ...findDecisions(history, gate),
    ...findWeeks(history, gate),
    ...findReadiness(history, gate),
    ...findRoom(gate),
  ];
}

function findPages(gate: Gate): readonly Breach[] {
  const orders =
    (filter: Parameters<Gate['getOrders']>[1]): ReadPage<string> =>
    (limit, cursor) => {
      const { items, next } = gate.getOrders(OPERATOR, filter, limit, cursor);
      return { rows: items.map(({ client_order_id: id }) => id), next };
    };
  const all = gate.getOrders(OPERATOR, {}, ALL, null).items;
  const idsOf = (isWanted: (order: (typeof all)[number]) => boolean): readonly string[] =>
    all.filter(isWanted).map(({ client_order_id: id }) => id);
  const [symbol = ''] = all.map((order) => order.symbol);
  const isEnded = ({ status }: (typeof all)[number]): boolean =>
    /^(filled|canceled|expired|rejected|not_placed)$/.test(status);
  const fills = gate.getFills(OPERATOR, ALL, null).fills.map(({ seq }) => seq);
  const alerts = gate.getAlerts(ALL, null).alerts.map(({ seq }) => seq);
  return [
    ...comparePages(
      'orders',
      orders({}),
      idsOf(() => true),
    ),
    ...comparePages(
      'open orders',
      orders({ open: true }),
      idsOf((order) => !isEnded(order)),
    ),
    ...comparePages('ended orders', orders({ open: false }), idsOf(isEnded)),
    ...comparePages(
      `orders of ${symbol}`,
      orders({ symbol }),
      idsOf((order) => order.symbol === symbol),
    ),
    ...comparePages(
      'fills',
      (limit, cursor) => {
        const page = gate.getFills(OPERATOR, limit, cursor);
        return { rows: page.fills.map(({ seq }) => seq), next: page.next };
      },
      fills,
    ),
    ...comparePages(
      'alerts',
      (limit, cursor) => {
        const page = gate.getAlerts(limit, cursor);
        return { rows: page.alerts.map(({ seq }) => seq), next: page.next };
      },
      alerts,
    ),
  ];
}

function comparePages<T>(what: string, read: ReadPage<T>, whole: readonly T[]): readonly Breach[] {
  const rows: T[] = [];
  const limit = Math.max(1, Math.ceil(whole.length / PAGES));
  let cursor: string | null = null;
  do {
    const page: Page<T> = read(limit, cursor);
    const isShort = page.rows.length < limit && page.next !== null;
    if (page.rows.length > limit || isShort || (page.rows.length === 0 && cursor !== null))
      return [{ code: 'read/page', detail: `a page of ${limit} ${what} has ${page.rows.length}` }];
    rows.push(...page.rows);
    cursor = page.next;
  } while (cursor !== null && rows.length <= whole.length);
  if (rows.join() === whole.join()) return [];
  return [{ code: 'read/page', detail: `${what}: ${rows.length} on pages, ${whole.length} in the whole list` }];
}

/** Newest first, whole or filtered, an agent's own alone. */
function findDecisions({ decisions }: History, gate: Gate): readonly Breach[] {
  const recorded = [...decisions.values()].sort((a, b) => b.seq - a.seq);
  const newest = recorded.slice(0, DECISIONS);
  const reported = gate.getDecisions(OPERATOR, DECISIONS, null);
  const breaches: Breach[] = [];
  const compare = (what: string, page: ReturnType<Gate['getDecisions']>, due: readonly { readonly id: string }[]) => {
    const ids = page.items.map(({ decision_id: id }) => id);
    if (ids.join() !== due.map(({ id }) => id).join())
      breaches.push({ code: 'read/decisions', detail: `${what}: ${ids.length} told, ${due.length} are on record` });
  };
  compare('the newest', reported, newest);
  if ((reported.next !== null) !== recorded.length > DECISIONS)
    breaches.push({
      code: 'read/decisions',
      detail: `${recorded.length} decisions, and the page says ${reported.next}`,
    });
  const [last] = newest;
  if (last === undefined) return breaches;
  const { agent, event, symbol } = last;
  const ofOutcome = { outcome: event.decision.decision };
  const filtered = gate.getDecisions(OPERATOR, ROWS, null, {
    ...ofOutcome,
    ...(symbol === null ? {} : { symbol }),
  });
  compare(
    `of ${symbol}, ${ofOutcome.outcome}`,
    filtered,
    recorded
      .slice(0, ROWS)
      .filter((one) => one.event.decision.decision === ofOutcome.outcome)
      .filter((one) => symbol === null || one.symbol === symbol),
  );
  const own = recorded.filter((one) => one.agent === agent).slice(0, ROWS);
  compare(`of ${agent}`, gate.getDecisions(OPERATOR, ROWS, null, { agent }), own);
  if (!isAgentName(agent)) return breaches;
  compare(`${agent}'s own`, gate.getDecisions(nameless(agent), ROWS, null), own);
  const other = recorded.find((one) => one.agent !== agent);
  if (other !== undefined && gate.getDecision(nameless(agent), other.id) !== null)
    breaches.push({ code: 'read/decisions', detail: `${agent} is told of ${other.id} of ${other.agent}` });
  return breaches;
}

type AgentName = Parameters<typeof nameless>[0];
const isAgentName = (name: string): name is AgentName => name === 'alpha' || name === 'beta' || name === 'gamma';

const SUMMED = ['result_usdt', 'fees_usdt', 'turnover_usdt', 'realised_usdt'] as const;

/**
 * A week is the sum of its days, by either of its names; the week before this one is another; an agent is told its own
 * rows of it alone.
 */
function findWeeks({ decisions }: History, gate: Gate): readonly Breach[] {
  const week = gate.getReport(OPERATOR, { kind: 'week', name: 'this' });
  if (week === null) return [{ code: 'read/week', detail: 'there is no report of this week' }];
  const breaches: Breach[] = [];
  const tell = (detail: string): number => breaches.push({ code: 'read/week', detail: `${week.name}: ${detail}` });
  if (week.to_ms - week.from_ms !== WEEK_MS || new Date(week.from_ms).getUTCDay() !== 1) tell('it is no week');
  const named = gate.getReport(OPERATOR, { kind: 'week', name: week.name });
  if (JSON.stringify(named?.total) !== JSON.stringify(week.total)) tell('by its name it is another one');
  const before = gate.getReport(OPERATOR, { kind: 'week', name: 'last' });
  if (before !== null && before.to_ms !== week.from_ms) tell(`the one before is ${before.name}`);
  const days = [];
  for (let fromMs = week.from_ms; fromMs <= week.as_of_ms; fromMs += 86_400_000) {
    const day = gate.getReport(OPERATOR, { kind: 'day', name: new Date(fromMs).toISOString().slice(0, 10) });
    if (day !== null) days.push(day);
  }
  for (const key of SUMMED) {
    const due = days.reduce((sum, { total }) => sum + total[key], 0);
    if (Math.abs(week.total[key] - due) > CENT) tell(`${key} is ${week.total[key]}, its days add up to ${due}`);
  }
  const [today] = days.slice(-1);
  const profit = week.total.result_usdt + week.total.unrealised_usdt - week.total.unrealised_before_usdt;
  if (Math.abs(week.total.profit_usdt - profit) > CENT)
    tell(`its profit is ${week.total.profit_usdt}, due is ${profit}`);
  if (today !== undefined && Math.abs(today.total.unrealised_usdt - week.total.unrealised_usdt) > CENT)
    tell(`unrealised are ${week.total.unrealised_usdt}, today ${today.total.unrealised_usdt}`);
  const held = gate.getAgents(OPERATOR);
  const unrealised = [...held.agents, ...(held.others === null ? [] : [held.others])].reduce(
    (sum, { unrealised_usdt: usdt }) => sum + usdt,
    0,
  );
  if (Math.abs(unrealised - week.total.unrealised_usdt) > CENT)
    tell(`unrealised are ${week.total.unrealised_usdt}, by the accounts ${unrealised}`);
  for (const agent of new Set([...decisions.values()].map((decision) => decision.agent).filter(isAgentName))) {
    const own = gate.getReport(nameless(agent), { kind: 'week', name: 'this' });
    const due = week.rows.filter((row) => row.agent === agent);
    if (JSON.stringify(own?.rows) !== JSON.stringify(due) || own?.books !== null)
      tell(`${agent} is told of other rows`);
  }
  return breaches;
}

/** It waits for nothing and says that nothing is closed, where the exchange trades all and no symbol has a state of its own. */
function findReadiness({ events }: History, gate: Gate): readonly Breach[] {
  const reported = gate.readiness();
  const alerts = events.filter(({ event }) => event.kind === 'alert').length;
  const breaches: Breach[] = [];
  const tell = (detail: string): number => breaches.push({ code: 'read/readiness', detail });
  const { account_ms, bars, clock_skew_ms, filters_ms, mark_ms, quote_ms } = gate.core.policySpec.market.freshness;
  const isPatient =
    Math.min(account_ms, mark_ms, quote_ms) >= FRESH_MS &&
    filters_ms >= FILTERS_MS &&
    clock_skew_ms >= SKEW_MS &&
    bars > 1;
  if (isPatient && (!reported.ready || reported.waiting_for.length > 0))
    tell(`it waits for ${reported.waiting_for.join(', ')}`);
  if (reported.alerts !== alerts) tell(`${reported.alerts} alerts are told, ${alerts} are on record`);
  const { layers, state } = gate.getTradingState();
  if (reported.trading_state !== state) tell(`the state is ${reported.trading_state}, the account's is ${state}`);
  const ofSymbols = layers.filter(({ scope }) => scope === 'symbol').map(({ name }) => name);
  const missing = ofSymbols.find((symbol) => symbol !== null && !reported.symbols_reducing.includes(symbol));
  if (missing != null) tell(`${missing} has a state of its own, and ${reported.symbols_reducing.join(', ')} are told`);
  return breaches;
}

/** What is left for an order on either side is no more than its own cap, and the day's turnover, leave. */
function findRoom(gate: Gate): readonly Breach[] {
  return gate.getLimits(nameless('alpha'), null).symbols.flatMap(({ budgets, opening, symbol }) => {
    const caps = budgets.filter(({ component }) => /^(order_notional|turnover)_usdt/.test(component));
    const most = Math.min(...caps.map(({ remaining }) => remaining));
    const reported = Math.max(opening.buy.remaining_usdt, opening.sell.remaining_usdt);
    if (caps.length === 2 && reported <= most + CENT) return [];
    return [{ code: 'read/room', detail: `${symbol}: ${reported} are left to open, ${most} by its budgets` }];
  });
}
