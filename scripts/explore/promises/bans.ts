import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';

/** What refuses the daemon as a whole and names no time closes the venue for at least so long, ms. */
const CLOSED_FOR_MS = 4_500;

/**
 * Told to wait, the daemon waits: nothing leaves during a ban (418), and what only closes after a 429. Nothing opens right
 * after the exchange has refused it as a whole. [EX-38]
 */
export function findBanBreaches(history: History): readonly Breach[] {
  return [...findOffences(history), ...findOpenedWhileRefused(history)];
}

function findOffences({ world }: History): readonly Breach[] {
  return world.wire.leftAlone.offences.map(({ clientId, method, path, sentAtMs, status, reportedAtMs, untilMs }) => ({
    code: `ban/${status}`,
    detail: `${method} ${path} ${clientId ?? ''} leaves at ${at(sentAtMs)}; at ${at(reportedAtMs)} the exchange asked to be left alone until ${at(untilMs)}`,
  }));
}

/**
 * Nothing opens right after the exchange has refused the daemon as a whole.
 * @except a cancel is what was refused
 */
function findOpenedWhileRefused({ orders, world }: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const { answeredAtMs, life, method: asked, status } of world.wire.records) {
    // A cancel that is refused is asked for again, and tells nothing of orders: what is read beside it does.
    if (asked === 'DELETE' || answeredAtMs === null || status !== 403) continue;
    for (const { clientId, life: of, method, path, sentAtMs } of world.wire.records) {
      const order = orders.get(clientId ?? '');
      if (of !== life || method !== 'POST' || path !== '/fapi/v1/order' || order?.planned.reduce_only !== false)
        continue;
      if (sentAtMs > answeredAtMs && sentAtMs < answeredAtMs + CLOSED_FOR_MS)
        breaches.push({
          code: 'ban/opened',
          detail: `${clientId} opens at ${at(sentAtMs)}; at ${at(answeredAtMs)} the exchange has refused the daemon (${status})`,
        });
    }
  }
  return breaches;
}
