import type { Caller } from '../gate/api.ts';
import { readPage } from './readings.ts';
import type { Doors } from './routing.ts';

/** How many decisions are read and serialised in one turn of the event loop: a few milliseconds. */
const DECISIONS_A_TURN = 100;

/**
 * The body of `GET /v1/decisions`, read in pieces, with the same content as if read at once: records added meanwhile
 * are newer, so they belong to no page after the first piece.
 */
export async function readDecisions(
  { gate, turns }: Doors,
  caller: Caller,
  limit: number,
  cursor: string | null,
): Promise<string> {
  const texts: string[] = [];
  let next = cursor;
  for (let left = limit; left > 0; left -= DECISIONS_A_TURN) {
    await turns.next();
    const [after, count] = [next, Math.min(left, DECISIONS_A_TURN)];
    const page = readPage(() => gate.getDecisions(caller, count, after));
    for (const decision of page.items) texts.push(JSON.stringify(decision));
    next = page.next;
    if (next === null || page.items.length < count) break;
  }
  return `{"decisions":[${texts.join(',')}],"next":${JSON.stringify(next)}}`;
}
