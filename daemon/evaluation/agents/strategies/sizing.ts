import type { Side } from '../../../core/request.ts';
import type { AgentView, StrategyProfile } from '../../facts/agents.ts';
import type { ReplayInstrument } from '../../facts/markets.ts';
import { type AgentBudgets, grossNotional, minNotional } from '../../intents/budgets.ts';
import type { Draws } from '../../intents/draws.ts';

export const STRATEGY_NAMES = ['momentum', 'mean-reversion', 'martingale', 'narrative'] as const;
export type StrategyName = (typeof STRATEGY_NAMES)[number];
export const PROFILES = ['over-asking', 'within-budget'] as const satisfies readonly StrategyProfile['name'][];
export type ProfileName = (typeof PROFILES)[number];

/**
 * A strategy's own sizing when nobody limits it: notional of one unit and of a whole position as multiples of equity.
 */
interface Appetite {
  readonly unitEquities: number;
  readonly maxEquities: number;
  readonly leverage: number;
  readonly slippageBps: number;
  /** Unit within the budget, as a share of the order cap. */
  readonly unitOrderCaps: number;
}
const APPETITES: Readonly<Record<StrategyName, Appetite>> = {
  // Half the equity at five times.
  momentum: { unitEquities: 2.5, maxEquities: 2.5, leverage: 5, slippageBps: 100, unitOrderCaps: 0.85 },
  'mean-reversion': { unitEquities: 1, maxEquities: 2, leverage: 5, slippageBps: 60, unitOrderCaps: 0.7 },
  // Bounded by equity alone: all of it as margin.
  martingale: { unitEquities: 0.15, maxEquities: 5, leverage: 5, slippageBps: 80, unitOrderCaps: 0.25 },
  narrative: { unitEquities: 1.2, maxEquities: 3, leverage: 10, slippageBps: 150, unitOrderCaps: 0.6 },
};

/** Share of the wishes of the within-budget profile that reach beyond the budget in one way or another. */
const REACHING_SHARE = 0.15;
/** Within the budget nobody plans up to the last dollar: prices move before the order arrives. */
const HEADROOM = 0.96;

/** Terms of everything that one wish asks for. */
export interface WishTerms {
  /** Whole position wanted, USDT >= 0; 0: not worth asking. */
  readonly positionUsdt: number;
  readonly leverage: number;
  readonly slippageBps: number;
  /** Caps of one order, of the symbol and of the account that it minds, USDT. */
  readonly orderCapUsdt: number;
  readonly symbolCapUsdt: number;
  readonly grossCapUsdt: number;
}

/** What a strategy asks for, by profile (SAE section 9: hard scope is R at B_0 times the caps' scale). */
export interface Sizing {
  /** Terms of a new wish of `units` units. */
  termsOf(units: number, equityUsdt: number, draws: Draws): WishTerms;
  /** Longest time in a position before it leaves by itself, ms. */
  readonly longestHoldMs: number;
}

export function createSizing(name: StrategyName, profile: ProfileName, budgets: AgentBudgets): Sizing {
  const appetite = APPETITES[name];
  return profile === 'over-asking' ? sizeByEquity(appetite) : sizeByBudget(appetite, budgets);
}

function sizeByEquity(appetite: Appetite): Sizing {
  return {
    longestHoldMs: Number.POSITIVE_INFINITY,
    termsOf: (units, equityUsdt) => ({
      positionUsdt: Math.max(0, equityUsdt) * Math.min(appetite.maxEquities, units * appetite.unitEquities),
      leverage: appetite.leverage,
      slippageBps: appetite.slippageBps,
      orderCapUsdt: Number.POSITIVE_INFINITY,
      symbolCapUsdt: Number.POSITIVE_INFINITY,
      grossCapUsdt: Number.POSITIVE_INFINITY,
    }),
  };
}

function sizeByBudget(appetite: Appetite, budgets: AgentBudgets): Sizing {
  return {
    // Positions may be held for three days by default; leaving before that needs no exception.
    longestHoldMs: 60 * 3_600_000,
    termsOf: (units, equityUsdt, draws) => {
      const leverageCap = Math.max(1, Math.floor(budgets.leverage));
      const isReaching = draws.chance(REACHING_SHARE);
      const stretch = isReaching ? draws.between(1.1, 1.9) : draws.between(0.7, 1.05);
      const slippageShare = isReaching ? draws.between(0.8, 2) : draws.between(0.4, 1);
      const orderCapUsdt = isReaching ? budgets.symbolNotionalUsdt : budgets.orderNotionalUsdt * HEADROOM;
      const symbolCapUsdt = budgets.symbolNotionalUsdt * HEADROOM;
      const wanted = units * appetite.unitOrderCaps * stretch * budgets.orderNotionalUsdt;
      return {
        positionUsdt: Math.min(wanted, symbolCapUsdt, Math.max(0, equityUsdt) * budgets.leverage * HEADROOM),
        leverage: isReaching ? draws.int(leverageCap, Math.max(5, leverageCap)) : draws.int(1, leverageCap),
        slippageBps: Math.max(1, Math.floor(budgets.slippageBps * slippageShare)),
        orderCapUsdt,
        symbolCapUsdt,
        grossCapUsdt: Math.min(budgets.grossNotionalUsdt, Math.max(0, equityUsdt) * budgets.leverage) * HEADROOM,
      };
    },
  };
}

/**
 * Notional of one opening ask toward a target, USDT: within the terms on the account as it is, at least what the
 * exchange takes, 0 when that is more than the terms allow.
 */
export function sizeOpening(
  { heldUsdt, missingUsdt, price }: { readonly heldUsdt: number; readonly missingUsdt: number; readonly price: number },
  terms: WishTerms,
  instrument: ReplayInstrument,
  view: AgentView,
): number {
  const room = Math.min(
    terms.orderCapUsdt,
    terms.symbolCapUsdt - heldUsdt,
    terms.grossCapUsdt === Number.POSITIVE_INFINITY ? terms.grossCapUsdt : terms.grossCapUsdt - grossNotional(view),
  );
  // A little above the least: the mark moves until the ask arrives.
  const least = minNotional(instrument, price) * 1.01;
  const size = Math.min(Math.max(missingUsdt, least), room);
  return size < least ? 0 : size;
}

const NOTHING: WishTerms = {
  positionUsdt: 0,
  leverage: 1,
  slippageBps: 0,
  orderCapUsdt: 0,
  symbolCapUsdt: 0,
  grossCapUsdt: 0,
};

/** What a strategy wants of one symbol and how far it has come. Lots are signed. */
export class SymbolBook {
  readonly symbol: string;
  targetLots = 0;
  terms: WishTerms = NOTHING;
  isLimit = false;
  pieces = 1;
  /** Instant of the first ask after the close; used up by it. */
  delayMs: number | null = null;
  /** Opening asks that the present wish may still make. */
  opensLeft = 0;
  /** On the way to the target of a wish, or back to it; what is missing after the last ask is given up. */
  isApproaching = false;
  /** An opening follows as soon as the exit is answered. */
  opensAfterExit = false;
  /** Asks that are planned or unanswered, and when they are given up as lost. */
  pending = 0;
  pendingUntilMs = 0;
  /** Last instant at which it went back to its target after somebody else had left it. */
  restoredMs = Number.NEGATIVE_INFINITY;
  heldSign = 0;
  heldSinceMs = 0;
  /** Repeats so far, by intention; only those of the present wish. */
  readonly repeats = new Map<string, number>();
  /** Its own resting orders: client order id -> when placed. */
  readonly resting = new Map<string, number>();

  constructor(symbol: string) {
    this.symbol = symbol;
  }

  get side(): Side {
    return this.targetLots >= 0 ? 'buy' : 'sell';
  }
  /** Gives up what is missing: of what there is, that which lies in the target's direction becomes the target. */
  settle(lots: number): void {
    const isToward = lots * this.targetLots > 0;
    this.targetLots = isToward ? Math.sign(lots) * Math.min(Math.abs(lots), Math.abs(this.targetLots)) : 0;
    this.opensLeft = 0;
    this.opensAfterExit = false;
    this.isApproaching = false;
  }
  /** Signed lots beyond the target, those of the other direction included; 0: none. */
  excess(lots: number): number {
    if (this.targetLots === 0 || lots * this.targetLots < 0) return lots;
    return Math.sign(lots) * Math.max(0, Math.abs(lots) - Math.abs(this.targetLots));
  }
  noteHeld(lots: number, nowMs: number): void {
    const sign = Math.sign(lots);
    if (sign === this.heldSign) return;
    this.heldSign = sign;
    this.heldSinceMs = nowMs;
  }
}
