import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkLineComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

/** A colour on a light and on a dark page. Charts are drawn in the light one; the page's style swaps it. */
interface Shade {
  readonly light: string;
  readonly dark: string;
}

export const INK: Shade = { light: '#20242a', dark: '#e6e9ee' };
export const FAINT: Shade = { light: '#656d78', dark: '#9aa4b2' };
export const GRID: Shade = { light: '#e2e6eb', dark: '#2d343d' };
export const PAGE: Shade = { light: '#fefefe', dark: '#14181d' };

/** By variant: ours stands out, NoSAE is the warning, the rest are told apart by hue and by dash. */
const VARIANT_SHADES: Readonly<Record<string, Shade>> = {
  NoSAE: { light: '#c0392b', dark: '#ff7a6b' },
  StaticOMS: { light: '#b7791f', dark: '#e8b04a' },
  Budget: { light: '#7a8794', dark: '#a9b4c0' },
  'Budget+Cooldown': { light: '#8e5bb5', dark: '#c39be6' },
  Full: { light: '#2471a3', dark: '#6cb4e8' },
  Holdfast: { light: '#1a7f4b', dark: '#4fd08d' },
  'Holdfast-no-regimes': { light: '#5ba37e', dark: '#2f9462' },
};
const OTHER_SHADES: readonly Shade[] = [
  { light: '#a04070', dark: '#e889b8' },
  { light: '#107a80', dark: '#55c7cd' },
  { light: '#6b5b00', dark: '#c9b73c' },
];

export function colourOf(variant: string, index = 0): string {
  return (VARIANT_SHADES[variant] ?? OTHER_SHADES[index % OTHER_SHADES.length]!).light;
}

/** Dashes tell lines apart without colour. */
const DASHES: Readonly<Record<string, 'solid' | 'dashed' | 'dotted'>> = {
  Budget: 'dashed',
  'Budget+Cooldown': 'dotted',
  'Holdfast-no-regimes': 'dashed',
};
export function dashOf(variant: string): 'solid' | 'dashed' | 'dotted' {
  return DASHES[variant] ?? 'solid';
}

/** Style rules that swap every colour of a chart on a dark page. */
export function buildDarkRules(): string {
  const shades = [INK, FAINT, GRID, PAGE, ...Object.values(VARIANT_SHADES), ...OTHER_SHADES];
  return shades
    .map(({ light, dark }) => `svg [fill="${light}"]{fill:${dark}}svg [stroke="${light}"]{stroke:${dark}}`)
    .join('\n');
}

use([BarChart, LineChart, GridComponent, LegendComponent, MarkLineComponent, SVGRenderer]);

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
