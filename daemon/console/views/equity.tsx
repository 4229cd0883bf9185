import { useState } from 'preact/hooks';
import { clock, percent, usdt } from '../format.ts';
import { Panel } from '../parts.tsx';
import { type EquityPoint, equity, equitySpan, SPANS } from '../state/equity.ts';
import { account, policy, showEquityOf } from '../state/store.ts';

interface Tier {
  readonly at: number;
  readonly multiplier?: number;
  readonly reduce_only?: boolean;
}
type AccountSpec = Readonly<Record<'drawdown' | 'daily_loss' | 'margin_ratio', { readonly tiers: readonly Tier[] }>>;

/** Equity as the account showed it, and how far it is from what tightens. */
export function EquityPanel() {
  const now = account.value;
  const spec = (policy.value?.policy as { account?: AccountSpec } | undefined)?.account;
  const points = equity.value;
  return (
    <Panel title="Equity and drawdown" name="equity" note={`${usdt(now?.equity_usdt)} USDT`}>
      <EquityChart points={points} />
      <dl class="gauges">
        <Gauge title="Drawdown" value={now?.drawdown ?? null} tiers={spec?.drawdown.tiers ?? []} />
        <Gauge title="Loss today" value={now?.daily_loss ?? null} tiers={spec?.daily_loss.tiers ?? []} />
        <Gauge title="Margin ratio" value={now?.margin_ratio ?? null} tiers={spec?.margin_ratio.tiers ?? []} />
      </dl>
      <p class="dim attribution">
        Wallet {usdt(now?.wallet_usdt)}, free {usdt(now?.available_usdt)}, turnover 24 h {usdt(now?.turnover_24h_usdt)},
        fees 24 h {usdt(now?.fees_24h_usdt)} USDT.
      </p>
    </Panel>
  );
}

function Gauge({
  title,
  value,
  tiers,
}: {
  readonly title: string;
  readonly value: number | null;
  readonly tiers: readonly Tier[];
}) {
  const last = Math.max(...tiers.map((tier) => tier.at), 0.01);
  const reached = tiers.filter((tier) => value !== null && value >= tier.at);
  const next = tiers.find((tier) => value === null || value < tier.at);
  const then = (tier: Tier): string => (tier.reduce_only === true ? 'reduce only' : `× ${tier.multiplier}`);
  const kind = reached.some((tier) => tier.reduce_only === true)
    ? 'halted'
    : reached.length > 0
      ? 'reducing'
      : 'active';
  return (
    <div class={`gauge gauge-${kind}`}>
      <dt>{title}</dt>
      <dd>
        <strong>{percent(value)}</strong>
        <span class="track" aria-hidden="true">
          <span class="used" style={{ width: `${Math.min(100, ((value ?? 0) / last) * 100)}%` }} />
        </span>
        <span class="dim">
          {next === undefined ? 'every tier is reached' : `${then(next)} at ${percent(next.at, 0)}`}
        </span>
      </dd>
    </div>
  );
}

/** What of the points is in sight; null: all of them, however many come. */
type Sight = { readonly first: number; readonly last: number } | null;

function EquityChart({ points }: { readonly points: readonly EquityPoint[] }) {
  const [sight, setSight] = useState<Sight>(null);
  const zoom = (factor: number): void => setSight(zoomed(sight, points.length, factor));
  const last = points.length - 1;
  const seen = sight === null ? points : points.slice(sight.first, sight.last + 1);
  const move = (by: number): void => setSight(sight === null ? null : moved(sight, points.length, by));
  return (
    <>
      <div class="chart-acts">
        <fieldset class="tabs">
          <legend class="hidden">Span</legend>
          {SPANS.map((span) => (
            <button
              type="button"
              key={span}
              aria-pressed={equitySpan.value === span}
              onClick={() => {
                setSight(null);
                showEquityOf(span);
              }}
            >
              {span}
            </button>
          ))}
        </fieldset>
        <fieldset class="tabs">
          <legend class="hidden">Zoom</legend>
          <button
            type="button"
            aria-label="Earlier"
            disabled={sight === null || sight.first === 0}
            onClick={() => move(-1)}
          >
            ‹
          </button>
          <button type="button" aria-label="Zoom in" disabled={seen.length <= FEWEST} onClick={() => zoom(0.5)}>
            +
          </button>
          <button type="button" aria-label="Zoom out" disabled={sight === null} onClick={() => zoom(2)}>
            −
          </button>
          <button
            type="button"
            aria-label="Later"
            disabled={sight === null || sight.last >= last}
            onClick={() => move(1)}
          >
            ›
          </button>
        </fieldset>
      </div>
      <Course points={seen} />
    </>
  );
}

const FEWEST = 4;
/** Around the same middle, as far as there are points. */
function zoomed(sight: Sight, count: number, factor: number): Sight {
  const { first, last } = sight ?? { first: 0, last: count - 1 };
  const wanted = Math.max(FEWEST, Math.round((last - first + 1) * factor));
  if (wanted >= count) return null;
  const begins = Math.round((first + last + 1 - wanted) / 2);
  const from = Math.min(count - wanted, Math.max(0, begins));
  return { first: from, last: from + wanted - 1 };
}
/** By half of what is in sight. */
function moved({ first, last }: NonNullable<Sight>, count: number, by: number): Sight {
  const step = by * Math.max(1, Math.round((last - first) / 2));
  const from = Math.min(count - 1 - (last - first), Math.max(0, first + step));
  return { first: from, last: from + last - first };
}

function describeCourse(points: readonly EquityPoint[]): string {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return 'Equity: nothing is known yet';
  const lowest = Math.min(...points.map((point) => point.equity));
  return `Equity went from ${usdt(first.equity)} to ${usdt(last.equity)} USDT in ${points.length} readings, the lowest ${usdt(lowest)}`;
}

/** Where a point lies in a field of 1,000 by 100: by its time, and between the lowest and the highest. */
function draw(points: readonly EquityPoint[], low: number, high: number): string {
  const fromMs = points[0]?.atMs ?? 0;
  const spanMs = Math.max(1, (points.at(-1)?.atMs ?? 0) - fromMs);
  const range = high - low || 1;
  return points
    .map(({ atMs, equity: each }) => `${((atMs - fromMs) / spanMs) * 1_000} ${100 - ((each - low) / range) * 100}`)
    .join('L');
}
function Course({ points }: { readonly points: readonly EquityPoint[] }) {
  const values = points.map((point) => point.equity);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const line = draw(points, low, high);
  return (
    <>
      <div class="chart" role="img" aria-label={describeCourse(points)}>
        <svg viewBox="0 -2 1000 104" preserveAspectRatio="none" aria-hidden="true">
          <path class="under" d={line === '' ? '' : `M0 100L${line}L1000 100Z`} />
          <path class="course" d={line === '' ? '' : `M${line}`} />
        </svg>
        <p class="levels">
          <span>{usdt(high)}</span>
          <span>{usdt(low)}</span>
        </p>
      </div>
      <p class="times">
        <span>{points[0] === undefined ? 'No reading yet' : clock(points[0].atMs)}</span>
        <span>{points.length < 2 ? '' : clock(points.at(-1)?.atMs ?? 0)}</span>
      </p>
    </>
  );
}
