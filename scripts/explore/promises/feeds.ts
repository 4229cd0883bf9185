import { ACCOUNT, MODE } from '../account-reads.ts';
import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';

/** Beside its period, by how noisy the way is: a round of the feeds, the lists that it reads before, a late timer, ms. */
const LATE_MS = [1_000, 1_500, 6_000] as const;
/** A mode that is right is read so seldom, ms: once a minute, or nearly. */
const MODE_APART_MS = 55_000;
/** A start puts right what differs, and reads it back, each as often as it is not answered; it is over by then, ms. */
const STARTED_MS = 10_000;
/** Where others use the weight of requests of the address, reads may wait for the next minute, ms. */
const NEXT_MINUTE_MS = 60_000;

interface Read {
  readonly life: number;
  readonly sentAtMs: number;
  readonly answeredAtMs: number | null;
  readonly status: number | null;
}
interface Feed {
  readonly name: string;
  readonly periodMs: number;
  readonly reads: readonly Read[];
  /** What is read in the same round, which is over when all of it is answered. */
  readonly round: readonly Read[];
}

/**
 * Once nothing fails any more, the account and the orders of each symbol are read every two seconds, all orders every half
 * minute, the account's mode once a minute; and a mode that is right no sooner.
 * @except the exchange asks to be left alone
 * @except of the mode: it is wrong, something fails, or the process stops
 * @except others use the weight of requests of the address: then up to a minute later
 */
export function findFeedBreaches(history: History): readonly Breach[] {
  const { reads, looks } = history.world.wire;
  // In real time a machine may stand still.
  if (history.world.lives.length === 0) return [];
  const alone = (name: string, periodMs: number, own: readonly Read[]): Feed => ({
    name,
    periodMs,
    reads: own,
    round: own,
  });
  const lists = looks.filter(({ what }) => what === 'list');
  const ofSymbols = lists.filter(({ symbol }) => symbol !== null);
  const feeds: readonly Feed[] = [
    alone(
      'the account',
      2_000,
      reads.filter(({ path }) => path === ACCOUNT),
    ),
    alone(
      "the account's mode",
      60_000,
      reads.filter(({ path }) => path === MODE),
    ),
    alone(
      'all open orders',
      30_000,
      lists.filter(({ symbol }) => symbol === null),
    ),
    ...history.world.file.spec.scope.symbols.map((symbol) => ({
      name: `the open orders of ${symbol}`,
      periodMs: 2_000,
      reads: ofSymbols.filter((look) => look.symbol === symbol),
      round: ofSymbols,
    })),
  ];
  return [...feeds.flatMap((feed) => findRare(history, feed)), ...findOften(history, feeds[1] as Feed)];
}

function findRare({ endMs, plan, world }: History, { name, periodMs, reads, round }: Feed): readonly Breach[] {
  const { gate, life, watchedFromMs, wire } = world;
  if (gate === null || !gate.keeper.isReconciled || wire.leftAlone.isAskedWithin(watchedFromMs, endMs)) return [];
  const own = reads.filter((read) => read.life === life);
  for (const [index, { sentAtMs }] of own.entries()) {
    if (sentAtMs < watchedFromMs) continue;
    // What was asked while something failed may be answered late, and the next round waits for it.
    const before = round.filter((read) => read.life === life && read.sentAtMs <= sentAtMs);
    const answeredMs = Math.max(...before.map((read) => read.answeredAtMs ?? read.sentAtMs));
    const shortMs = plan.setup.isLimited === true ? NEXT_MINUTE_MS : 0;
    const dueMs = Math.max(sentAtMs + periodMs, answeredMs) + LATE_MS[plan.setup.noise] + shortMs;
    const nextMs = own[index + 1]?.sentAtMs ?? endMs;
    if (nextMs <= dueMs) continue;
    const detail = `${name} is read at ${at(sentAtMs)}, and not again by ${at(Math.min(nextMs, endMs))}`;
    return [{ code: 'feeds/rare', detail }];
  }
  return [];
}

function findOften({ plan, world }: History, { name, reads }: Feed): readonly Breach[] {
  if (
    plan.steps.some(({ do: { kind } }) =>
      /^(fault|wire|trouble|crash|restart|away|setting|halt_market|policy)$/.test(kind),
    )
  )
    return [];
  if (plan.setup.account !== undefined || world.lives.length > 1) return [];
  const all = reads.filter(({ sentAtMs, status }) => status === 200 && sentAtMs >= STARTED_MS);
  for (const [index, { sentAtMs }] of all.entries()) {
    const before = all[index - 1]?.sentAtMs ?? Number.NEGATIVE_INFINITY;
    if (sentAtMs - before >= MODE_APART_MS) continue;
    return [{ code: 'feeds/often', detail: `${name} is right, and read at ${at(before)} and ${at(sentAtMs)}` }];
  }
  return [];
}
