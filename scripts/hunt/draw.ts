import { STRATEGY_NAMES } from '../../daemon/evaluation/agents/strategies/index.ts';
import { MAX_ATTEMPTS } from '../../daemon/evaluation/attacks/episodes.ts';
import type { Random } from '../explore/random.ts';
import type { Close, HuntPlan, Modify, Move, Order, Request } from './plan.ts';

/** Share of requests in the second symbol: what bends a rule is mostly a sequence in one. */
const SECOND_SHARE = 0.2;
/** Bars of an episode: a day of those of 15 minutes, and the hours in which its last orders may fill. */
export const EPISODE_BARS = 120;
/** Spans that a policy knows, ms: at once, within the flip interval and a cooldown, around and past them, an order's hour. */
const SPANS_MS = [0, 0, 0, 1_000, 10_000, 30_000, 50_000, 61_000, 121_000, 900_000, 3_600_000] as const;
const LONGEST_MS = 7_200_000;
/** Within the half spread of the replay's exchange. */
const TOUCH_BPS = [-0.4, 0, 0.2, 0.4] as const;

export interface Drawn {
  readonly variant: string;
  /** Windows of the market from which one is drawn. */
  readonly windowsMs: readonly number[];
}

export function drawPlan(random: Random, { variant, windowsMs }: Drawn): HuntPlan {
  return {
    variant,
    windowMs: random.pick(windowsMs),
    bars: EPISODE_BARS,
    strategy: random.chance(0.7) ? null : random.pick(STRATEGY_NAMES),
    seed: random.int(1, 1_000_000),
    moves: Array.from({ length: random.int(3, 24) }, () => drawMove(random)),
  };
}

/** A few of its moves are left out, doubled, doubled on the other side, moved, drawn anew or changed in one field. */
export function mutatePlan(random: Random, plan: HuntPlan, drawn: Drawn): HuntPlan {
  const moves = [...plan.moves];
  for (let times = random.int(1, 4); times > 0; times -= 1) {
    const at = random.int(0, Math.max(0, moves.length - 1));
    const move = moves[at] ?? drawMove(random);
    random.weighted<() => void>([
      [3, () => void moves.splice(at, 1, alterMove(random, move))],
      [2, () => void moves.splice(at, 0, drawMove(random))],
      [1, () => void moves.splice(at, 1)],
      [1, () => void moves.splice(at, 0, move)],
      [2, () => void moves.splice(at + 1, 0, mirrorMove(move))],
      [1, () => void moves.splice(random.int(0, moves.length), 0, ...moves.splice(at, 1))],
    ])();
  }
  const windowMs = random.chance(0.1) ? random.pick(drawn.windowsMs) : plan.windowMs;
  return { ...plan, windowMs, moves: moves.slice(0, MAX_ATTEMPTS) };
}

/** The same, and then something else. */
export function extendPlan(random: Random, plan: HuntPlan): HuntPlan {
  const more = Array.from({ length: random.int(1, 4) }, () => drawMove(random));
  return { ...plan, moves: [...plan.moves, ...more].slice(0, MAX_ATTEMPTS) };
}

/** The beginning of one and the end of the other. */
export function crossPlans(random: Random, first: HuntPlan, second: HuntPlan): HuntPlan {
  const head = first.moves.slice(0, random.int(0, first.moves.length));
  const tail = second.moves.slice(random.int(0, second.moves.length));
  return { ...first, moves: [...head, ...tail].slice(0, MAX_ATTEMPTS) };
}

function drawMove(random: Random): Move {
  return { afterMs: drawSpan(random), do: drawRequest(random) };
}

function alterMove(random: Random, move: Move): Move {
  if (random.chance(0.3)) return { ...move, afterMs: drawSpan(random) };
  const other = random.chance(0.5) ? drawRequest(random) : sameKind(random, move.do);
  // One field of another request of its kind.
  const fields = Object.keys(other).filter((field) => field !== 'kind');
  if (other.kind !== move.do.kind || fields.length === 0) return { ...move, do: other };
  const field = random.pick(fields) as keyof Request;
  return { ...move, do: { ...move.do, [field]: other[field] } as Request };
}

/** The same on the other side, at once. */
function mirrorMove(move: Move): Move {
  if (!('side' in move.do)) return move;
  return { afterMs: 0, do: { ...move.do, side: move.do.side === 'buy' ? 'sell' : 'buy' } };
}

function sameKind(random: Random, request: Request): Request {
  switch (request.kind) {
    case 'open':
    case 'close_by_order':
      return drawOrder(random, request.kind);
    case 'close':
      return drawClose(random);
    case 'modify':
      return drawModify(random);
    case 'cancel':
      return { kind: 'cancel', pick: random.int(0, 5) };
  }
}

function drawRequest(random: Random): Request {
  return random.weighted<() => Request>([
    [8, () => drawOrder(random, 'open')],
    [3, () => drawOrder(random, 'close_by_order')],
    [2, () => drawClose(random)],
    [2, () => drawModify(random)],
    [1, () => ({ kind: 'cancel', pick: random.int(0, 5) })],
  ])();
}

function drawOrder(random: Random, kind: Order['kind']): Order {
  return {
    kind,
    symbol: drawSymbol(random),
    side: random.pick(['buy', 'sell'] as const),
    share: drawShare(random),
    crossBps: random.chance(0.4) ? null : drawCross(random),
    leverage: random.weighted([
      [4, 1],
      [2, 2],
      [2, 3],
      [1, 10],
    ]),
    slippageBps: random.pick([1, 5, 10, 20, 50]),
    reduceOnly: kind === 'close_by_order' ? random.chance(0.6) : random.chance(0.1),
  };
}

function drawClose(random: Random): Close {
  const fraction = random.chance(0.5) ? 1 : random.pick([0.01, 0.1, 0.25, 0.5, 0.9]);
  return { kind: 'close', symbol: drawSymbol(random), fraction, slippageBps: random.pick([null, 1, 10, 50]) };
}

function drawModify(random: Random): Modify {
  const isSized = random.chance(0.6);
  return {
    kind: 'modify',
    pick: random.int(0, 5),
    share: isSized ? drawShare(random) : null,
    crossBps: isSized && random.chance(0.5) ? null : drawCross(random),
  };
}

function drawSymbol(random: Random): number {
  return random.chance(SECOND_SHARE) ? 1 : 0;
}

/** Few sizes, so that two orders are often of one size. */
function drawShare(random: Random): number {
  return random.pick([0.05, 0.3, 1, 3]);
}

/** At the mark or within half the spread, where nothing is taken at once; else as far as a day's move, mostly away. */
function drawCross(random: Random): number {
  if (random.chance(0.4)) return random.pick(TOUCH_BPS);
  const bps = Math.round(10 ** (random.next() * 3.5 - 1) * 10) / 10;
  return random.chance(0.75) ? -bps : bps;
}

function drawSpan(random: Random): number {
  if (random.chance(0.8)) return random.pick(SPANS_MS);
  return Math.round(LONGEST_MS ** random.next());
}
