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
