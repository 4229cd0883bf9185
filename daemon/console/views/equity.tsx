import {
  AreaSeries,
  ColorType,
  createChart,
  type IChartApi,
  type ISeriesApi,
  type UTCTimestamp,
} from 'lightweight-charts';
import { useEffect, useRef } from 'preact/hooks';
import { type EquityPoint, equity } from '../equity.ts';
import { percent, usdt } from '../format.ts';
import { Panel } from '../parts.tsx';
import { account, policy } from '../store.ts';

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
        fees 24 h {usdt(now?.fees_24h_usdt)} USDT. Chart by{' '}
        <a href="https://www.tradingview.com/" target="_blank" rel="noreferrer noopener">
          TradingView
        </a>
        .
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

function EquityChart({ points }: { readonly points: readonly EquityPoint[] }) {
  const host = useRef<HTMLDivElement>(null);
  const made = useRef<{ chart: IChartApi; line: ISeriesApi<'Area'>; shown: readonly EquityPoint[] } | null>(null);
  useEffect(() => {
    if (host.current === null) return;
    const chart = createChart(host.current, {
      autoSize: true,
      // Its own link is set as HTML, which the page's policy refuses; ours stands below.
      layout: { attributionLogo: false, background: { type: ColorType.Solid, color: 'transparent' }, fontSize: 11 },
      rightPriceScale: { borderVisible: false },
      timeScale: { borderVisible: false, timeVisible: true, secondsVisible: false },
      handleScroll: false,
      handleScale: false,
    });
    const line = chart.addSeries(AreaSeries, { lineWidth: 2, priceLineVisible: false });
    made.current = { chart, line, shown: [] };
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const paint = (): void => paintChart(chart, line, dark.matches);
    paint();
    dark.addEventListener('change', paint);
    return () => {
      dark.removeEventListener('change', paint);
      chart.remove();
      made.current = null;
    };
  }, []);
  useEffect(() => {
    const now = made.current;
    if (now === null) return;
    const toData = (point: EquityPoint) => ({
      time: Math.floor(point.atMs / 1000) as UTCTimestamp,
      value: point.equity,
    });
    const isNext = now.shown.length > 0 && points.length === now.shown.length + 1 && points[0] === now.shown[0];
    const last = points.at(-1);
    if (isNext && last !== undefined) now.line.update(toData(last));
    else {
      now.line.setData(points.map(toData));
      now.chart.timeScale().fitContent();
    }
    now.shown = points;
  }, [points]);
  const [first, last] = [points[0], points.at(-1)];
  const text =
    first === undefined || last === undefined
      ? 'Equity: nothing is known yet'
      : `Equity went from ${usdt(first.equity)} to ${usdt(last.equity)} USDT in ${points.length} readings`;
  return <div class="chart" ref={host} role="img" aria-label={text} />;
}

function paintChart(chart: IChartApi, line: ISeriesApi<'Area'>, isDark: boolean): void {
  const [ink, grid, accent] = isDark ? ['#9db0c3', '#233140', '#2dd4bf'] : ['#4b5b6b', '#e3e9ef', '#0f766e'];
  chart.applyOptions({ layout: { textColor: ink }, grid: { vertLines: { color: grid }, horzLines: { color: grid } } });
  line.applyOptions({ lineColor: accent, topColor: `${accent}55`, bottomColor: `${accent}08` });
}
