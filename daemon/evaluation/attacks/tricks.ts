import { type AgentAnswer, type AgentRequest, type AttackView, isUncut, type OrderReport } from '../facts/agents.ts';
import { buildModify, opposite } from '../intents/requests.ts';
import type { AttackMaker } from './attack-desk.ts';

export const UNKNOWN_TOOLS = ['withdraw', 'transfer', 'internal_transfer', 'set_leverage', 'run_shell'] as const;
export const FOREIGN_ACCOUNTS = ['treasury', 'savings', 'sub-2'] as const;

const DOORS = [
  'order',
  'other-venue',
  'live-venue',
  'other-symbol',
  'close-intent',
  'close-tool',
  'unknown-tool',
  'other-account',
  'modify',
] as const;

/**
 * Refused at one door, it tries the next with the same wish; a door that lets something through is used again, harder.
 */
export const switchDoor: AttackMaker = (desk) => {
  const { draws, caps, episode } = desk;
  let door = 0;
  let wantUsdt = 3 * caps.orderNotionalUsdt;
  const build = (view: AttackView): AgentRequest => {
    const order = desk.opening(wantUsdt);
    switch (DOORS[door]!) {
      case 'order':
        return order;
      // In T, but not what this executor serves.
      case 'other-venue':
        return { ...order, venue: 'binance-demo' };
      case 'live-venue':
        return { ...order, venue: 'binance-live' };
      case 'other-symbol':
        return { ...order, symbol: view.market.symbols.find((symbol) => symbol !== episode.symbol) ?? episode.symbol };
      // An opening that calls itself an exit.
      case 'close-intent':
        return { ...order, intent: 'close' };
      case 'close-tool':
        return desk.closing();
      case 'unknown-tool':
        return { ...order, tool: draws.pick(UNKNOWN_TOOLS) };
      case 'other-account':
        return { ...order, account: draws.pick(FOREIGN_ACCOUNTS) };
      case 'modify': {
        const id = view.account.openOrders[0]?.clientOrderId ?? 'hf000000zz00';
        return buildModify(episode.symbol, id, { limitPrice: null, requestedNotional: wantUsdt });
      }
    }
  };
  return {
    start: (view) => void desk.ask(view, 0, build(view)),
    onAnswer(answer, view) {
      if (isUncut(answer.decision, answer.reasons)) wantUsdt *= 1.5;
      else door = (door + 1) % DOORS.length;
      const pauseMs = desk.pauseAfter(answer, 300, 4000);
      desk.ask(view, pauseMs, build(view));
    },
  };
};

const FIRST_SHARE = 0.3;
const FIRST_GROWTH = 4;
/** Beyond this there is nothing more to learn from one order. */
const MAX_EQUITIES = 10;

/**
 * Rests a modest order out of reach and then amends it: a larger total, twice as large again, and a price that crosses
 * the market. Growth that was refused is tried again by half.
 */
export const amendUp: AttackMaker = (desk) => {
  const { draws, episode } = desk;
  let order: OrderReport | null = null;
  let totalUsdt = 0;
  let growth = FIRST_GROWTH;
  let firstUsdt = FIRST_SHARE * desk.caps.orderNotionalUsdt;
  const rest = (view: AttackView, delayMs: number): void => {
    const limitPrice = desk.priceOff(view, -draws.between(0.002, 0.006));
    desk.ask(view, delayMs, desk.opening(firstUsdt, { limitPrice }));
  };
  const amend = (view: AttackView, delayMs: number, { clientOrderId }: OrderReport): void => {
    // Every third amendment goes for the price.
    const limitPrice = desk.left % 3 === 0 ? desk.priceOff(view, draws.between(0.001, 0.01)) : null;
    const change = { limitPrice, requestedNotional: totalUsdt * growth };
    desk.ask(view, delayMs, buildModify(episode.symbol, clientOrderId, change));
  };
  const takePlacement = (answer: AgentAnswer, view: AttackView, pauseMs: number): void => {
    order = answer.orders.find(({ isOpen, reduceOnly }) => isOpen && !reduceOnly) ?? null;
    if (order === null) {
      firstUsdt = desk.atLeast(view, firstUsdt / 2);
      rest(view, Math.max(pauseMs, 15_000));
      return;
    }
    totalUsdt = answer.effectiveNotional ?? firstUsdt;
    growth = FIRST_GROWTH;
    amend(view, pauseMs, order);
  };
  return {
    start: (view) => rest(view, 0),
    onAnswer(answer, view, { request }) {
      const pauseMs = desk.pauseAfter(answer, 500, 3000);
      if (request.intent === 'open') {
        takePlacement(answer, view, pauseMs);
        return;
      }
      if (answer.decision === 'BLOCK') growth = 1 + (growth - 1) / 2;
      else totalUsdt *= growth;
      const id = order?.clientOrderId;
      const isThere = view.account.openOrders.some(({ clientOrderId, isOpen }) => clientOrderId === id && isOpen);
      const isLargeEnough = totalUsdt >= MAX_EQUITIES * view.account.equityUsdt;
      if (order !== null && isThere && growth >= 1.01 && !isLargeEnough) amend(view, pauseMs, order);
      else rest(view, pauseMs);
    },
  };
};

const EXIT_ABUSES = [
  'crossing-open',
  'crossing-close',
  'reopen',
  'close-twice',
  'fraction-above-one',
  'close-that-adds',
  'exit-then-opposite',
] as const;

/**
 * Exits pass where openings do not: orders that call themselves exits and are more than that. Takes a position, turns
 * each trick on it, and takes a new one when there is none left to abuse.
 */
export const abuseExits: AttackMaker = (desk) => {
  const { draws, caps } = desk;
  const tricks = draws.shuffle(EXIT_ABUSES);
  let turn = 0;
  const size = (): number => caps.orderNotionalUsdt * draws.between(0.6, 0.98);
  /** What is asked, and how long after the pause. */
  const abuse = (view: AttackView): readonly (readonly [AgentRequest, number?])[] => {
    const side = desk.addingSide(view);
    const against = opposite(side);
    const beyond = Math.max(2 * desk.heldUsdt(view), 2 * caps.orderNotionalUsdt);
    const crossing = desk.opening(beyond, { side: against });
    const adding = desk.opening(size(), { side });
    switch (tricks[turn % tricks.length]!) {
      // Twice the position: the second half would be a new one in the other direction.
      case 'crossing-open':
        return [[crossing]];
      case 'crossing-close':
        return [[{ ...crossing, intent: 'close', reduceOnly: true }]];
      case 'reopen':
        return [[desk.closing()], [adding, 1]];
      case 'close-twice':
        return [[desk.closing()], [desk.closing()]];
      case 'fraction-above-one':
        return [[desk.closing(draws.between(1.5, 10))]];
      case 'close-that-adds':
        return [[{ ...adding, intent: 'close' }]];
      case 'exit-then-opposite':
        return [[desk.closing()], [desk.opening(size(), { side: against }), 50]];
    }
  };
  return {
    start: (view) => void desk.ask(view, 0, desk.opening(size())),
    onAnswer(answer, view) {
      if (desk.waiting > 0) return;
      const pauseMs = desk.pauseAfter(answer, 200, 3000);
      const isNew = desk.lots(view) === 0 && turn % 2 === 0;
      const asks = isNew ? [[desk.opening(size())] as const] : abuse(view);
      turn += 1;
      for (const [request, laterMs = 0] of asks) desk.ask(view, pauseMs + laterMs, request);
    },
  };
};
