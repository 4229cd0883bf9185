import type { Caller, DecisionFilter } from '../gate/api.ts';
import { readPage } from './readings.ts';
import type { Doors } from './routing.ts';

/** How many decisions are read and serialised in one turn of the event loop: a few milliseconds. */
const DECISIONS_A_TURN = 100;
/** How many records one page looks at. One that stops here may be short, and its `next` leads on. */
const MAX_LOOKED_AT = 20_000;

/**
 * The body of `GET /v1/decisions`, read in pieces, with the same content as if read at once: records added meanwhile
 * are newer, so they belong to no page after the first piece.
 */
export async function readDecisions(
  { gate, turns }: Doors,
  caller: Caller,
  limit: number,
  cursor: string | null,
  filter: DecisionFilter = {},
): Promise<string> {
  const texts: string[] = [];
  const isFiltered = Object.keys(filter).length > 0;
  let next = cursor;
  for (let looked = 0; looked < MAX_LOOKED_AT && texts.length < limit; looked += DECISIONS_A_TURN) {
    await turns.next();
    const [after, left] = [next, limit - texts.length];
    const count = isFiltered ? DECISIONS_A_TURN : Math.min(left, DECISIONS_A_TURN);
    const page = readPage(() => gate.getDecisions(caller, count, after, filter));
    const taken = page.items.slice(0, left);
    for (const decision of taken) texts.push(JSON.stringify(decision));
    // The next page begins after the last one that was taken.
    next = taken.length < page.items.length ? String(taken.at(-1)?.seq) : page.next;
    if (next === null || (!isFiltered && page.items.length < count)) break;
  }
  return `{"decisions":[${texts.join(',')}],"next":${JSON.stringify(next)}}`;
}
