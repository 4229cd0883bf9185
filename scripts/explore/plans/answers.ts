import { CODE_ROWS } from '../../../daemon/venue/wire/outcome.ts';
import type { AgentName, Step, SymbolName } from '../plan.ts';
import type { Random } from '../random.ts';

const CODES = CODE_ROWS.flatMap((row) => row.codes);
/** Of codes that mean something with one text alone. */
const TEXTS: { readonly [code: number]: string } = {
  [-1001]: 'Internal error; unable to process your request. Please try again.',
  [-2010]: 'Duplicate order sent.',
  [-2025]: 'Reach max open order limit.',
  [-4045]: 'Reach max stop order limit.',
};
/** Of calls of which an order, a change or a cancel comes: how often the exchange refuses it. */
const SHARES: { readonly [kind: string]: number } = {
  open: 0.35,
  close: 0.35,
  exit: 0.35,
  amend: 0.2,
  cancel: 0.2,
  cancel_all: 0.2,
  flatten: 0.2,
};
/** Codes that a world has, more or less: after so many worlds each has had its turn. */
const CODES_A_WORLD = 5;
/** Who opens first of all, and is refused: in two symbols, so that neither order is in the other's way. */
const FIRST: readonly (readonly [AgentName, SymbolName])[] = [
  ['alpha', 'BTCUSDT'],
  ['beta', 'ETHUSDT'],
];
const ORDER = { method: 'POST', path: '/fapi/v1/order' };

/**
 * Before one call or two the exchange has a reason to refuse what comes of it: any that the venue module knows, in turn.
 * The first two are asked while nothing else has happened. `turn`: of the worlds that have such reasons, from 0.
 */
export function withAnswers(steps: readonly Step[], turn: number, random: Random): readonly Step[] {
  return [...refusedFirst(turn, random), ...refused(steps, turn, random)];
}

/** Two openings that are refused, and what their agents close of them: nothing, unless they were taken all the same. */
function refusedFirst(turn: number, random: Random): readonly Step[] {
  const openings = FIRST.flatMap(([agent, symbol], index): readonly Step[] => {
    // Neighbours mean the same, and one would hide the other.
    const code = CODES[(turn + index * Math.floor(CODES.length / FIRST.length)) % CODES.length] ?? -1000;
    return [
      { gap: 'parallel', do: { kind: 'fault', fault: refusalOf(code, ORDER, 1) } },
      { gap: 'parallel', do: { kind: 'open', agent, symbol, side: random.pick(['buy', 'sell']), usdt: 600 } },
    ];
  });
  const closes = FIRST.map(
    ([agent, symbol]): Step => ({ gap: random.int(1_000, 9_000), do: { kind: 'close', agent, symbol } }),
  );
  return [...openings, ...closes];
}

function refused(steps: readonly Step[], turn: number, random: Random): readonly Step[] {
  let next = (turn * CODES_A_WORLD) % CODES.length;
  return steps.flatMap((step): readonly Step[] => {
    if (!random.chance(SHARES[step.do.kind] ?? 0)) return [step];
    const isChange = step.do.kind === 'amend';
    const isEnd = /cancel/.test(step.do.kind);
    const match = { ...ORDER, method: isChange ? 'PUT' : isEnd ? 'DELETE' : 'POST' };
    const code = CODES[next] ?? -1000;
    next = (next + 1) % CODES.length;
    return [
      { gap: step.gap, do: { kind: 'fault', fault: drawAnswer(random, code, match) } },
      { ...step, gap: 'parallel' },
    ];
  });
}

function drawAnswer(random: Random, code: number, match: object): Readonly<Record<string, unknown>> {
  const count = random.chance(0.8) ? 1 : random.int(2, 4);
  if (random.chance(0.1)) return { kind: 'reject-late', ms: random.int(50, 3_000), match };
  if (random.chance(0.06)) return { kind: 'status', status: random.pick([403, 502, 504]), match, count };
  return refusalOf(code, match, count);
}

function refusalOf(code: number, match: object, count: number): Readonly<Record<string, unknown>> {
  return { kind: 'error', code, msg: TEXTS[code] ?? `Refused for ${code}.`, match, count };
}
