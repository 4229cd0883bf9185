import { BarChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkLineComponent, TitleComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { FAINT, GRID, INK } from './palette.ts';

use([
  BarChart,
  LineChart,
  ScatterChart,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TitleComponent,
  SVGRenderer,
]);

export interface ChartSize {
  readonly width: number;
  readonly height: number;
  /** For a screen of 400 px: fewer labels, a legend of more lines. */
  readonly isNarrow: boolean;
}
/** A figure: what is drawn at each size, and in plain words what it shows and what it does not. */
export interface Figure {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  /** Heights on a wide and on a narrow page, px. */
  readonly heights: readonly [number, number];
  readonly draw: (size: ChartSize) => EChartsCoreOption;
}

const WIDE_PX = 1080;
const NARROW_PX = 360;
/** Without quotes: the library writes it into an attribute. */
const FONT = 'system-ui, sans-serif';

/** Both drawings of a figure as SVG text without scripts, styles or outside references. */
export function renderFigure({ id, heights, draw }: Figure): { readonly wide: string; readonly narrow: string } {
  const [wide, narrow] = heights;
  return {
    wide: renderChart(`${id}-w`, draw, { width: WIDE_PX, height: wide, isNarrow: false }),
    narrow: renderChart(`${id}-n`, draw, { width: NARROW_PX, height: narrow, isNarrow: true }),
  };
}

function renderChart(id: string, draw: Figure['draw'], size: ChartSize): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: size.width, height: size.height });
  try {
    chart.setOption({
      animation: false,
      useUTC: true,
      textStyle: { fontFamily: FONT, color: INK.light },
      ...draw(size),
    });
    return tidy(chart.renderToSVGString(), id);
  } finally {
    chart.dispose();
  }
}

/** The library numbers its charts by process and styles hovering: neither belongs in a page that is always the same. */
function tidy(svg: string, id: string): string {
  return svg
    .replace(/<style ?>[\s\S]*?<\/style>/g, '')
    .replace(/ (?:class="zr\d+-cls-\d+"|ecmeta_\w+="[^"]*"|pointer-events="visible"|xmlns:xlink="[^"]*")/g, '')
    .replace(/zr\d+-/g, `${id}-`)
    .replace(/<svg width="\d+" height="\d+"/, '<svg role="img"')
    .replace(/\n+/g, '\n');
}

/** Axes in the page's colours. */
export function styleAxis(name: string, isNarrow: boolean) {
  return {
    name,
    nameTextStyle: { color: FAINT.light, fontSize: isNarrow ? 10 : 12, align: 'left' },
    axisLabel: { color: FAINT.light, fontSize: isNarrow ? 10 : 12, hideOverlap: true },
    axisLine: { lineStyle: { color: FAINT.light } },
    axisTick: { lineStyle: { color: FAINT.light } },
    splitLine: { lineStyle: { color: GRID.light } },
  };
}
export function styleLegend(names: readonly string[], isNarrow: boolean) {
  return {
    data: [...names],
    top: 0,
    left: 'center',
    itemWidth: 22,
    itemGap: isNarrow ? 8 : 14,
    // The library guesses the width of text; longer names need room for the reader's own font.
    formatter: (name: string) => name + '\u00a0'.repeat(Math.floor(name.length / 4)),
    textStyle: { color: INK.light, fontSize: isNarrow ? 10 : 12 },
  };
}
/** The name in the middle of a horizontal axis. */
export function nameBelow(isNarrow: boolean) {
  const nameTextStyle = { color: FAINT.light, fontSize: isNarrow ? 10 : 12, align: 'center' };
  return { nameLocation: 'middle', nameGap: 28, nameTextStyle };
}
/** Room for the legend above the first grid, px. */
export function legendRoom(count: number, isNarrow: boolean): number {
  return isNarrow ? 20 * Math.ceil(count / 2.2) + 32 : 56;
}
