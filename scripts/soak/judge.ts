/** What the daemon's process holds at one moment, after a collection of garbage. */
export interface Sample {
  readonly at_ms: number;
  /** Bytes. */
  readonly rss: number;
  readonly heap: number;
  readonly external: number;
  /** Timers, sockets and other handles that are active, by kind. */
  readonly resources: Readonly<Record<string, number>>;
  /** Of the event loop since the sample before. */
  readonly pause_p999_ms: number;
}
/** One reading of what waits in the daemon, by its own metrics. */
export interface Queues {
  readonly at_ms: number;
  readonly open_orders: number;
  readonly unknown_orders: number;
}
export interface Counts {
  readonly permitted: number;
  readonly refused: number;
  readonly reads: number;
  /** Answers that were neither. */
  readonly others: readonly string[];
}

export interface SoakVerdict {
  /** Shares, after the first minute. */
  readonly growth: { readonly rss: number; readonly heap: number };
  /** What the heap grew by for each permitted order. */
  readonly heap_bytes_per_order: number;
  readonly resources: Readonly<Record<string, { readonly before: number; readonly after: number }>>;
  readonly queues: Readonly<
    Record<'open_orders' | 'unknown_orders', { readonly before: number; readonly after: number }>
  >;
  readonly pause_p999_ms: number;
  readonly broken: readonly string[];
}

/** The first minute fills caches and compiles code. */
const WARM_UP_MS = 60_000;
/** How much memory may grow after it. */
const MAX_GROWTH = 0.05;
/** Orders of the last seven days stay in the views; so much one of them may keep, with its decision and its trades. */
const MAX_BYTES_PER_ORDER = 8_000;
/** Sockets and timers come and go with calls in flight: so many more than before are no growth. */
const SLACK = 4;
const MIN_SAMPLES = 6;
/** Share of the planned orders that must have been permitted, or nothing was soaked. */
const MIN_PERMITTED = 0.9;

export function judgeSoak(
  samples: readonly Sample[],
  readings: readonly Queues[],
  counts: Counts,
  plannedOrders: number,
): SoakVerdict {
  const warm = samples.filter(({ at_ms }) => at_ms >= WARM_UP_MS);
  const [head, tail] = ends(warm);
  const growthOf = (of: (sample: Sample) => number): number => middle(tail.map(of)) / middle(head.map(of)) - 1;
  const growth = { rss: round(growthOf(({ rss }) => rss)), heap: round(growthOf(({ heap }) => heap)) };
  const broken: string[] = [];
  if (warm.length < MIN_SAMPLES) broken.push(`only ${warm.length} samples after the first minute`);
  if (!(growth.rss < MAX_GROWTH)) broken.push(`resident memory grew by ${percent(growth.rss)}`);
  const heap_bytes_per_order = Math.round(bytesPerOrder(head, tail, samples, counts));
  if (!(heap_bytes_per_order < MAX_BYTES_PER_ORDER))
    broken.push(`the heap grew by ${heap_bytes_per_order} bytes for each permitted order`);
  const names = [...new Set(warm.flatMap(({ resources }) => Object.keys(resources)))].sort();
  const compare = (what: string, before: readonly number[], after: readonly number[]) => {
    const compared = { before: middle(before), after: middle(after) };
    if (compared.after > compared.before + SLACK)
      broken.push(`${what} grew from ${compared.before} to ${compared.after}`);
    return compared;
  };
  const resources = Object.fromEntries(
    names.map((name) => {
      const of = ({ resources: held }: Sample): number => held[name] ?? 0;
      return [name, compare(name, head.map(of), tail.map(of))];
    }),
  );
  const [first, last] = ends(readings.filter(({ at_ms }) => at_ms >= WARM_UP_MS));
  if (first.length === 0) broken.push('the queues were not read after the first minute');
  const queue = (name: 'open_orders' | 'unknown_orders') =>
    compare(
      name,
      first.map((reading) => reading[name]),
      last.map((reading) => reading[name]),
    );
  const queues = { open_orders: queue('open_orders'), unknown_orders: queue('unknown_orders') };
  if (counts.permitted < MIN_PERMITTED * plannedOrders)
    broken.push(`${counts.permitted} of ${plannedOrders} orders were permitted`);
  if (counts.refused === 0 || counts.reads === 0) broken.push('there were no refusals or no reads beside the orders');
  if (counts.others.length > 0) broken.push(`${counts.others.length} other answers, the first: ${counts.others[0]}`);
  const pause_p999_ms = round(middle(warm.map((sample) => sample.pause_p999_ms)));
  return { growth, heap_bytes_per_order, resources, queues, pause_p999_ms, broken };
}

function bytesPerOrder(
  head: readonly Sample[],
  tail: readonly Sample[],
  samples: readonly Sample[],
  { permitted }: Counts,
): number {
  const at = (some: readonly Sample[]): number => middle(some.map(({ at_ms }) => at_ms));
  const orders = (permitted * (at(tail) - at(head))) / (samples.at(-1)?.at_ms ?? Number.NaN);
  return (middle(tail.map(({ heap }) => heap)) - middle(head.map(({ heap }) => heap))) / orders;
}

/** The first and the last quarter. */
function ends<T>(all: readonly T[]): readonly [readonly T[], readonly T[]] {
  const length = Math.max(1, Math.floor(all.length / 4));
  return [all.slice(0, length), all.slice(-length)];
}
function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
function percent(value: number): string {
  return `${Math.round(value * 1_000) / 10} %`;
}
