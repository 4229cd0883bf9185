import { ACCOUNT } from '../account-reads.ts';
import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import type { LookRecord } from '../wire.ts';

/** Lists that are missing for so long hold up openings, ms: a minute, and until that is looked at. */
const OLD_MS = 70_000;
/** An account that has been read all this time keeps nothing back by itself, ms. */
const READABLE_MS = 25_000;
const READ_EVERY_MS = 8_000;

/**
 * Without the exchange's lists of orders nobody knows what rests on the account. Nothing opens in a process that has never
 * read them, nor where they have not come for long.
 * @except of old lists: the account cannot be read either
 */
export function findOpenedBlind({ orders, world }: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const { clientId, life, method, path, sentAtMs } of world.wire.records) {
    const planned = orders.get(clientId ?? '')?.planned;
    if (method !== 'POST' || path !== '/fapi/v1/order' || planned?.reduce_only !== false) continue;
    const { symbol } = planned;
    for (const what of ['list', 'stop_list'] as const) {
      const readAtMs = lastRead(world.wire.looks, { what, life, symbol, beforeMs: sentAtMs });
      const isOld = readAtMs !== null && sentAtMs - readAtMs > OLD_MS && isAccountRead(world, life, sentAtMs);
      if (readAtMs !== null && !isOld) continue;
      const read = readAtMs === null ? 'in this process never' : `at ${at(readAtMs)} for the last time`;
      breaches.push({
        code: readAtMs === null ? 'lists/unread' : 'lists/old',
        detail: `${clientId} opens ${symbol} at ${at(sentAtMs)}; ${what === 'list' ? 'open orders' : 'conditional orders'} of it were read ${read}`,
      });
    }
  }
  return breaches;
}

function lastRead(
  looks: readonly LookRecord[],
  of: Pick<LookRecord, 'life' | 'symbol' | 'what'> & { readonly beforeMs: number },
): number | null {
  let lastMs: number | null = null;
  for (const { answeredAtMs, life, sentAtMs, status, symbol, what } of looks) {
    // They are in the order in which they were sent.
    if (sentAtMs > of.beforeMs) break;
    if (what !== of.what || life !== of.life || status !== 200 || answeredAtMs === null) continue;
    if (answeredAtMs <= of.beforeMs && (symbol === null || symbol === of.symbol))
      lastMs = Math.max(lastMs ?? 0, answeredAtMs);
  }
  return lastMs;
}

/** The account has been read again and again until then. */
function isAccountRead({ wire }: History['world'], ofLife: number, untilMs: number): boolean {
  let lastMs = untilMs - READABLE_MS;
  for (const { answeredAtMs, life, path, sentAtMs, status } of wire.reads) {
    if (sentAtMs > untilMs) break;
    if (path !== ACCOUNT || life !== ofLife || status !== 200 || answeredAtMs === null || answeredAtMs <= lastMs)
      continue;
    if (answeredAtMs - lastMs > READ_EVERY_MS) return false;
    lastMs = answeredAtMs;
  }
  return untilMs - lastMs <= READ_EVERY_MS;
}
