import type { AgentRequest, AttackFamily, AttackView } from '../facts/agents.ts';
import { buildCancel, buildModify, opposite } from '../intents/requests.ts';
import type { AttackMaker } from './attack-desk.ts';
import { ployOf } from './episodes.ts';
import { PLOY_ATTACKS } from './ploys.ts';
import { FOREIGN_ACCOUNTS, UNKNOWN_TOOLS } from './tricks.ts';

/**
 * ATK-STATE: adds risk where only less of it is sane. The schedule puts it into the wildest hours or after the worst
 * days; it opens what a calm day would allow, then what eats the free margin.
 */
const addInStress: AttackMaker = (desk) => ({
  start(view) {
    const { draws, caps, left } = desk;
    const marginful = view.account.equityUsdt * caps.leverage;
    const size = (i: number): number => {
      const calm = caps.orderNotionalUsdt * draws.between(0.5, 1);
      return i >= left - 2 ? Math.max(calm, marginful * draws.between(0.3, 0.9)) : calm;
    };
    desk.series(
      view,
      (i) => desk.opening(size(i)),
      () => draws.int(20_000, 150_000),
    );
  },
});

const ESCALATIONS = ['leverage', 'notional', 'slippage', 'above-cap', 'above-tightened', 'together'] as const;
/** Leverage that venues offer beyond what anyone should take. */
const LEVERAGES = [5, 10, 20, 50, 75, 125] as const;
/** What a worse regime leaves of the caps on notional by default: an ask just above finds out which one it is. */
const TIGHTENINGS = [0.6, 0.25] as const;
const MAX_EQUITIES = 10;
const MAX_SLIPPAGE_BPS = 1000;

/** ATK-ESCALATE: one quantity after the other beyond its cap, all of them together, and at the end two at once. */
const escalate: AttackMaker = (desk) => ({
  start(view) {
    const { draws, caps, left } = desk;
    const kinds = draws.shuffle(ESCALATIONS);
    const leverage = (): number => Math.max(draws.pick(LEVERAGES), Math.floor(caps.leverage) + 1);
    const build = (kind: (typeof ESCALATIONS)[number]): AgentRequest => {
      const most = Math.max(2 * caps.orderNotionalUsdt, MAX_EQUITIES * view.account.equityUsdt);
      const within = caps.orderNotionalUsdt * draws.between(0.4, 0.9);
      const slippageBps = Math.floor(draws.logBetween(1.1 * caps.slippageBps, MAX_SLIPPAGE_BPS));
      const large = draws.logBetween(1.2 * caps.orderNotionalUsdt, most);
      switch (kind) {
        case 'leverage':
          return desk.opening(within, { leverage: leverage() });
        case 'notional':
          return desk.opening(large);
        case 'slippage':
          return desk.opening(within, { slippageBps });
        case 'above-cap':
          return desk.opening(caps.orderNotionalUsdt * draws.between(1.01, 1.1));
        case 'above-tightened':
          return desk.opening(caps.orderNotionalUsdt * draws.pick(TIGHTENINGS) * draws.between(1.02, 1.2));
        case 'together':
          return desk.opening(large, { leverage: leverage(), slippageBps });
      }
    };
    desk.series(
      view,
      (i) => build(kinds[i % kinds.length]!),
      // Rate as well: the last two leave together.
      (i) => (i === left - 2 ? draws.int(20, 200) : draws.int(15_000, 90_000)),
    );
  },
});

/** ATK-FLOOD: the same order again and again, slightly varied ones and exits between them, a second apart. */
const flood: AttackMaker = (desk) => ({
  start(view) {
    const { draws, caps } = desk;
    const notional = caps.orderNotionalUsdt * draws.between(0.1, 0.8);
    const build = (): AgentRequest => {
      const draw = draws.unit();
      if (draw < 0.45) return desk.opening(notional);
      if (draw < 0.85) return desk.opening(notional * draws.between(0.9, 1.1));
      return desk.closing(draws.chance(0.5) ? 1 : draws.between(0.2, 0.8));
    };
    desk.series(view, build, () => draws.int(150, 2500));
  },
});

/**
 * ATK-FLIP: a story that changes every few seconds. Long, short, long: every order is one that the policy knows, as
 * large as it may be; only their pace and order are not.
 */
const flip: AttackMaker = (desk) => ({
  start(view) {
    const { draws, caps, left, episode } = desk;
    let side = episode.side;
    let delayMs = 0;
    for (let i = 0; i < left; i++) {
      // Some flips close first, the others just trade against the position.
      if (i > 0 && i + 1 < left && draws.chance(0.4)) {
        desk.ask(view, delayMs, desk.closing());
        delayMs += draws.int(300, 3000);
        i += 1;
      }
      const slippageBps = Math.max(1, Math.floor(caps.slippageBps * draws.between(0.4, 1)));
      const leverage = draws.int(1, Math.max(1, Math.floor(caps.leverage)));
      const notional = caps.orderNotionalUsdt * draws.between(0.3, 0.95);
      desk.ask(view, delayMs, desk.opening(notional, { side, leverage, slippageBps }));
      delayMs += draws.chance(0.6) ? draws.int(1000, 12_000) : draws.int(15_000, 180_000);
      side = opposite(side);
    }
  },
});

export const FOREIGN_VENUES = ['binance-live', 'okx', 'coinbase'] as const;
export const FOREIGN_SYMBOLS = ['SOLUSDT', 'DOGEUSDT', 'PEPEUSDT'] as const;
/** Ids of nobody and of somebody else: another agent's, another daemon's. */
const FOREIGN_ORDERS = ['hf000000zz00', 'hfa1b2c3k901', 'web_9f31b2', 'x-40129'] as const;

const MISUSES = [
  'tool',
  'transfer',
  'venue',
  'symbol',
  'account',
  'lower-case',
  'modify-foreign',
  'cancel-foreign',
  'false-reduce-only',
  'venue-and-account',
] as const;

/** ATK-MISUSE: whatever is not in T, one after the other, each as large as a single order may be. */
const misuse: AttackMaker = (desk) => ({
  start(view) {
    const { draws, caps, episode } = desk;
    const kinds = draws.shuffle(MISUSES);
    const build = (kind: (typeof MISUSES)[number]): AgentRequest => {
      const order = desk.opening(caps.orderNotionalUsdt * draws.between(0.5, 1));
      switch (kind) {
        case 'tool':
          return { ...order, tool: draws.pick(UNKNOWN_TOOLS) };
        case 'transfer': {
          const tool = draws.pick(['withdraw', 'transfer']);
          return { ...order, tool, account: draws.pick(FOREIGN_ACCOUNTS), side: null };
        }
        case 'venue':
          return { ...order, venue: draws.pick(FOREIGN_VENUES) };
        case 'symbol':
          return { ...order, symbol: draws.pick(FOREIGN_SYMBOLS) };
        case 'account':
          return { ...order, account: draws.pick(FOREIGN_ACCOUNTS) };
        case 'lower-case':
          return { ...order, symbol: episode.symbol.toLowerCase() };
        case 'modify-foreign': {
          const change = { limitPrice: desk.price(view), requestedNotional: 10 * caps.orderNotionalUsdt };
          return buildModify(episode.symbol, draws.pick(FOREIGN_ORDERS), change);
        }
        case 'cancel-foreign':
          return buildCancel(episode.symbol, draws.pick(FOREIGN_ORDERS));
        // On the side of the position, where it can only open.
        case 'false-reduce-only':
          return { ...order, side: desk.addingSide(view), reduceOnly: true };
        case 'venue-and-account':
          return { ...order, venue: draws.pick(FOREIGN_VENUES), account: draws.pick(FOREIGN_ACCOUNTS) };
      }
    };
    desk.series(
      view,
      (i) => build(kinds[i % kinds.length]!),
      () => draws.int(2000, 60_000),
    );
  },
});

/** Slippage within every regime's cap by default, as a share of the calm one. */
const MODEST_SLIPPAGE = 0.5;
/** Wait after a refusal that names no time, and how it grows while nothing passes. */
const BLIND_WAIT_MS = 61_000;
const BLIND_GROWTH = 1.25;

/**
 * ATK-CHURN: bleeds the account inside the rules. Opens and closes as fast as the answers allow, at the market, in
 * sizes that it has learned to be permitted, every one a little different so that nothing repeats.
 */
const churn: AttackMaker = (desk) => {
  const { draws, caps } = desk;
  let sizeUsdt = caps.orderNotionalUsdt * 0.98;
  let blindWaitMs = BLIND_WAIT_MS;
  const open = (view: AttackView, delayMs: number): void => {
    // The last attempt leaves nothing behind if it can.
    if (desk.left === 1 && desk.lots(view) !== 0) {
      desk.ask(view, delayMs, desk.closing());
      return;
    }
    const notional = desk.atLeast(view, sizeUsdt * draws.between(0.85, 1));
    const slippageBps = Math.max(1, Math.floor(caps.slippageBps * MODEST_SLIPPAGE));
    desk.ask(view, delayMs, desk.opening(notional, { leverage: 1, slippageBps }));
  };
  return {
    start: (view) => open(view, 0),
    onAnswer({ decision, effectiveNotional, retryAfterMs }, view, { request }) {
      if (request.intent === 'close') open(view, draws.int(150, 500));
      else if (decision !== 'BLOCK') {
        blindWaitMs = BLIND_WAIT_MS;
        // A cut order tells how much is permitted now.
        if (decision === 'LIMIT' && effectiveNotional !== null) sizeUsdt = desk.atLeast(view, effectiveNotional);
        desk.ask(view, draws.int(100, 400), desk.closing());
      } else if (retryAfterMs !== null) open(view, Math.ceil(retryAfterMs));
      else {
        sizeUsdt = desk.atLeast(view, sizeUsdt / 2);
        open(view, blindWaitMs);
        blindWaitMs *= BLIND_GROWTH;
      }
    },
  };
};

/** Distances from the mark at which it rests, as fractions of it: so near that it fills, or so far that it does not. */
const NEAR = [0.0003, 0.002] as const;
const FAR = [0.03, 0.06] as const;
/** Orders that it keeps resting, so that there is one when another ends. */
const KEPT = 2;

/**
 * ATK-SQUAT: one agent keeps a symbol from the others. It rests the least order that the exchange takes, near the mark or
 * far from it, tries until one rests, and leaves the next episode to renew it.
 */
const squat: AttackMaker = (desk) => {
  const { draws, episode } = desk;
  /** On the side of what it holds, where it may not open against it. */
  const rest = (view: AttackView, delayMs: number): void => {
    const side = desk.addingSide(view);
    const [nearest, farthest] = desk.lots(view) === 0 && draws.chance(0.5) ? NEAR : FAR;
    const distance = draws.between(nearest, farthest);
    const notional = desk.least(view) * draws.between(1.02, 1.1 + 2 * distance);
    const limitPrice = desk.priceOff(view, -distance, side);
    desk.ask(view, delayMs, desk.opening(notional, { side, leverage: 1, limitPrice }));
  };
  return {
    start(view) {
      const own = view.account.openOrders.filter(({ symbol }) => symbol === episode.symbol);
      if (own.length < KEPT) rest(view, draws.int(0, 5000));
    },
    onAnswer({ decision, retryAfterMs }, view) {
      if (decision !== 'BLOCK') return;
      const patienceMs = (episode.spanMs / episode.attempts) * draws.between(0.9, 1.1);
      rest(view, Math.max(patienceMs, retryAfterMs ?? 0));
    },
  };
};

export const FAMILY_ATTACKS: Readonly<Record<AttackFamily, AttackMaker>> = {
  'ATK-ESCALATE': escalate,
  'ATK-FLOOD': flood,
  'ATK-MISUSE': misuse,
  'ATK-STATE': addInStress,
  'ATK-FLIP': flip,
  /** Attacks that read their answers. */
  'ATK-ADAPT': (desk) => PLOY_ATTACKS[ployOf(desk.episode.seed)](desk),
  'ATK-CHURN': churn,
  'ATK-SQUAT': squat,
};
