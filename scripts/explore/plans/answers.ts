import { CODE_ROWS } from '../../../daemon/venue/outcome.ts';
import type { Step } from '../plan.ts';
import type { Random } from '../random.ts';

const CODES = CODE_ROWS.flatMap((row) => row.codes);
/** Of codes that mean something with one text alone. */
const TEXTS: { readonly [code: number]: string } = {
  [-1001]: 'Internal error; unable to process your request. Please try again.',
  [-2010]: 'Duplicate order sent.',
  [-2025]: 'Reach max open order limit.',
  [-4045]: 'Reach max stop order limit.',
};
const CALLS = new Set(['open', 'close', 'exit', 'amend', 'cancel', 'cancel_all', 'flatten']);

/** Before one call or two the exchange has a reason to refuse what comes of it: any that the venue module knows. */
export function withAnswers(steps: readonly Step[], random: Random): readonly Step[] {
  return steps.flatMap((step): readonly Step[] => {
    if (!CALLS.has(step.do.kind) || !random.chance(0.2)) return [step];
    const isChange = step.do.kind === 'amend';
    const isEnd = /cancel/.test(step.do.kind);
    const match = { method: isChange ? 'PUT' : isEnd ? 'DELETE' : 'POST', path: '/fapi/v1/order' };
    return [
      { gap: step.gap, do: { kind: 'fault', fault: drawAnswer(random, match) } },
      { ...step, gap: 'parallel' },
    ];
  });
}

function drawAnswer(random: Random, match: object): Readonly<Record<string, unknown>> {
  const count = random.chance(0.8) ? 1 : random.int(2, 4);
  if (random.chance(0.1)) return { kind: 'reject-late', ms: random.int(50, 3_000), match };
  if (random.chance(0.06)) return { kind: 'status', status: random.pick([403, 502, 504]), match, count };
  const code = random.pick(CODES);
  return { kind: 'error', code, msg: TEXTS[code] ?? `Refused for ${code}.`, match, count };
}
