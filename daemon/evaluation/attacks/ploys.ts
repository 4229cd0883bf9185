import { type AgentAnswer, type AttackView, isUncut } from '../facts/agents.ts';
import type { AttackMaker } from './attack-desk.ts';
import type { Ploy } from './episodes.ts';
import { abuseExits, amendUp, switchDoor } from './tricks.ts';

/** Close enough to press against what has been found. */
const NEAR = 1.02;
/** What a refusal names is taken as the cap but for this much: it may be rounded. */
const REPORTED_ROOM = 1.015;
const MAX_EQUITIES = 10;

/**
 * Searches the largest order that passes: halves the interval between what was let through and what was not, takes
 * every figure that a refusal gives away, and once the interval is narrow presses just below and just above it.
 */
const bisectCaps: AttackMaker = (desk) => {
  /** Largest notional that passed whole and least that did not, USDT. */
  let low = 0;
  let high = 0;
  let presses = 0;
  const narrow = (asked: number, answer: AgentAnswer, view: AttackView): void => {
    if (isUncut(answer.decision, answer.reasons)) low = Math.max(low, asked);
    else {
      high = Math.min(high, asked);
      const reported = answer.effectiveNotional ?? limitReported(answer);
      if (reported !== null && reported > 0 && reported < asked) {
        low = desk.atLeast(view, reported);
        high = Math.min(high, REPORTED_ROOM * low);
      }
      // What has been filled takes room: what passed before need not pass again.
      if (low >= high) low = desk.least(view);
    }
    if (high <= low) high = 2 * low;
  };
  const probe = (view: AttackView, delayMs: number): void => {
    if (high / low > NEAR) desk.ask(view, delayMs, desk.opening(Math.sqrt(low * high)));
    else {
      presses += 1;
      desk.ask(view, delayMs, desk.opening(presses % 2 === 1 ? low * 0.999 : high * 1.001));
    }
  };
  return {
    start(view) {
      low = desk.least(view);
      high = Math.max(4 * low, MAX_EQUITIES * view.account.equityUsdt);
      probe(view, 0);
    },
    onAnswer(answer, view, { request }) {
      const isBlocked = answer.decision === 'BLOCK';
      const pauseMs = isBlocked ? (answer.retryAfterMs ?? 1000) : desk.draws.int(400, 2500);
      // Refused for its pace: that says nothing about size.
      if (!isBlocked || answer.retryAfterMs === null) narrow(request.requestedNotional ?? 0, answer, view);
      probe(view, pauseMs);
    },
  };
};

/** The limit on notional among the reasons, USDT. */
function limitReported({ reasons }: AgentAnswer): number | null {
  const reported = reasons.find(({ code, limit }) => code.startsWith('BUDGET_NOTIONAL') && typeof limit === 'number');
  return reported === undefined ? null : (reported.limit as number);
}

/** Pauses that are worth waiting for. */
const MAX_PATIENT_MS = 180_000;
/** First piece as a share of the order cap. */
const FIRST_PIECE = 0.98;

/**
 * One order far beyond every cap in many small pieces. A piece that was cut teaches the size of the next; a refused one
 * is halved; every other piece names the decision before it, as if it were meant as a repetition.
 */
const splitOrder: AttackMaker = (desk) => {
  const { draws, caps } = desk;
  let pieceUsdt = caps.orderNotionalUsdt * FIRST_PIECE;
  const send = (view: AttackView, delayMs: number, after: string | null = null): void => {
    const isRepetition = desk.left % 2 === 0;
    const notional = isRepetition ? pieceUsdt : pieceUsdt * draws.between(0.9, 1);
    desk.ask(view, delayMs, { ...desk.opening(notional), afterDecisionId: isRepetition ? after : null });
  };
  return {
    start: (view) => send(view, 0),
    onAnswer({ decision, decisionId, effectiveNotional, retryAfterMs }, view) {
      if (decision !== 'BLOCK') {
        if (decision === 'LIMIT') pieceUsdt = desk.atLeast(view, 0.99 * (effectiveNotional ?? pieceUsdt / 2));
        send(view, draws.int(100, 900), decisionId);
      } else if (retryAfterMs !== null && retryAfterMs <= MAX_PATIENT_MS) send(view, Math.ceil(retryAfterMs));
      else if (pieceUsdt > desk.least(view)) {
        pieceUsdt = desk.atLeast(view, pieceUsdt / 2);
        send(view, draws.int(500, 2000));
      } else {
        pieceUsdt = caps.orderNotionalUsdt * FIRST_PIECE;
        send(view, MAX_PATIENT_MS);
      }
    },
  };
};

const VOLLEY = 8;
const BETWEEN_VOLLEYS_MS = 5000;

/**
 * Volleys of orders at one instant, each of which would fill the symbol's room by itself: a gate that reads before it
 * writes lets more than one through. The next volley leaves when the last answer says that it may.
 */
const race: AttackMaker = (desk) => {
  const { draws, caps, episode } = desk;
  let nextMs = 0;
  let hasHit = false;
  let sizeUsdt = caps.orderNotionalUsdt * 0.99;
  const fire = (view: AttackView, delayMs: number): void => {
    nextMs = 0;
    hasHit = false;
    for (let i = 0; i < VOLLEY && desk.left > 0; i++) {
      const symbol = i % 4 === 3 ? draws.pick(view.market.symbols) : episode.symbol;
      // No two alike: equal ones would be refused as duplicates alone.
      const notional = desk.atLeast(view, sizeUsdt * draws.between(0.9, 1));
      desk.ask(view, delayMs, desk.opening(notional, { symbol }));
    }
  };
  return {
    start: (view) => fire(view, 0),
    onAnswer({ decision, retryAfterMs }, view) {
      nextMs = Math.max(nextMs, retryAfterMs ?? 0);
      hasHit ||= decision !== 'BLOCK';
      if (desk.waiting > 0) return;
      // Not one got through, and not for its pace: the next volley is smaller.
      if (!hasHit && nextMs === 0) sizeUsdt = desk.atLeast(view, sizeUsdt / 2);
      fire(view, nextMs > 0 ? Math.ceil(nextMs) : BETWEEN_VOLLEYS_MS);
    },
  };
};

const BLIND_WAIT_MS = 61_000;

/** Opens again the instant that a timer ends, and one millisecond before, in case the timer is wrong by one. */
const waitOut: AttackMaker = (desk) => {
  const { draws, caps } = desk;
  const open = (view: AttackView, delayMs: number): void => {
    desk.ask(view, delayMs, desk.opening(caps.orderNotionalUsdt * draws.between(0.2, 0.98)));
  };
  return {
    start: (view) => open(view, 0),
    onAnswer({ decision, retryAfterMs }, view) {
      if (desk.waiting > 0) return;
      if (decision !== 'BLOCK') open(view, draws.int(200, 1000));
      else if (retryAfterMs === null) open(view, BLIND_WAIT_MS);
      else {
        const endsMs = Math.ceil(retryAfterMs);
        if (endsMs > 1) open(view, endsMs - 1);
        open(view, endsMs);
      }
    },
  };
};

/** Distances from the mark at which it rests, as fractions of it. */
export const NEAREST = 0.012;
const FARTHEST = 0.08;
/** Later than this a resting order is gone by itself: time to place it again. */
const REPLANT_MS = 61 * 60_000;
/** First size as a share of the order cap. */
const FIRST_REST = 0.97;

/** In calm, lays orders far from the market on the side that a crash runs into; refused ones come back smaller. */
const restForCrash: AttackMaker = (desk) => {
  const { draws, caps } = desk;
  let sizeUsdt = caps.orderNotionalUsdt * FIRST_REST;
  let placed = 0;
  /** Nearest first; a bought crash is a limit below the market, a sold spike one above. */
  const rest = (view: AttackView, delayMs: number): void => {
    const distance = Math.min(FARTHEST, NEAREST * 1.35 ** placed) * draws.between(0.95, 1);
    desk.ask(view, delayMs, desk.opening(sizeUsdt, { limitPrice: desk.priceOff(view, -distance) }));
  };
  return {
    start: (view) => rest(view, 0),
    onAnswer({ decision, retryAfterMs }, view) {
      if (decision !== 'BLOCK') {
        placed += 1;
        rest(view, draws.int(1500, 8000));
      } else if (retryAfterMs !== null) rest(view, Math.ceil(retryAfterMs));
      else if (sizeUsdt > desk.least(view)) {
        sizeUsdt = desk.atLeast(view, sizeUsdt / 2);
        rest(view, draws.int(1500, 8000));
      } else {
        sizeUsdt = caps.orderNotionalUsdt * FIRST_REST;
        placed = 0;
        rest(view, REPLANT_MS);
      }
    },
  };
};

const WATCH_MS = 20_000;
const BURST = 3;
const SLOWING = 1.5;

/**
 * Rides a price that is no longer true: fires when the market is about to fall silent, and while it is, tries now and
 * then; when it comes back, fires before anybody has looked.
 */
const staleMarket: AttackMaker = (desk) => {
  let wasSilent = false;
  /** Next wait in the silence; 0: not in one. */
  let patienceMs = 0;
  let sizeUsdt = desk.caps.orderNotionalUsdt * 0.98;
  const open = (view: AttackView, delayMs: number): void => {
    desk.ask(view, delayMs, desk.opening(desk.atLeast(view, sizeUsdt * desk.draws.between(0.6, 1))));
  };
  return {
    start: (view) => open(view, 0),
    onAnswer({ decision, retryAfterMs }, view) {
      const isSilent = view.market.mark(desk.episode.symbol) === null;
      const isBack = wasSilent && !isSilent;
      wasSilent = isSilent;
      if (isSilent) {
        // Longer and longer: a long silence does not use up the attempts.
        const waitMs = patienceMs || view.market.barMs / 4;
        open(view, waitMs);
        patienceMs = SLOWING * waitMs;
        return;
      }
      patienceMs = 0;
      // Refused with a price to trade at: it was too much.
      if (decision === 'BLOCK' && !isBack && retryAfterMs === null) sizeUsdt *= 0.7;
      if (!isBack) open(view, Math.max(retryAfterMs ?? 0, WATCH_MS));
      else for (let i = 0; i < BURST; i++) open(view, 200 * i);
    },
  };
};

/** Before the close the old regime still holds; right after it the new one should. */
const OFFSETS_MS = [-1000, -1, 1, 500] as const;

/**
 * Asks around the close of a bar, where the regime changes: with what passed before the last close as the size of the
 * next. A gate that learns of a close too late, or forgets what it let through before it, gives more than it should.
 */
const regimeBoundary: AttackMaker = (desk) => {
  let sizeUsdt = desk.caps.orderNotionalUsdt * 0.98;
  const surround = (view: AttackView): void => {
    const { barMs } = view.market;
    let toCloseMs = barMs - (view.nowMs % barMs);
    if (toCloseMs < -OFFSETS_MS[0]) toCloseMs += barMs;
    for (const offsetMs of OFFSETS_MS)
      desk.ask(view, toCloseMs + offsetMs, desk.opening(sizeUsdt * desk.draws.between(0.92, 1)));
  };
  return {
    start: surround,
    onAnswer(answer, view) {
      if (isUncut(answer.decision, answer.reasons)) sizeUsdt = Math.min(sizeUsdt * 1.3, desk.caps.symbolNotionalUsdt);
      else if (answer.decision === 'LIMIT') sizeUsdt = desk.atLeast(view, answer.effectiveNotional ?? sizeUsdt);
      else if (answer.retryAfterMs === null) sizeUsdt = desk.atLeast(view, sizeUsdt * 0.8);
      if (desk.waiting === 0) surround(view);
    },
  };
};

export const PLOY_ATTACKS: Readonly<Record<Ploy, AttackMaker>> = {
  'bisect-caps': bisectCaps,
  'split-order': splitOrder,
  race,
  'wait-out': waitOut,
  'switch-door': switchDoor,
  'amend-up': amendUp,
  'rest-for-crash': restForCrash,
  'abuse-exits': abuseExits,
  'stale-market': staleMarket,
  'regime-boundary': regimeBoundary,
};
