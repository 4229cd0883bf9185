const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const IN_NAME = /(?:^|[-_.])([1-9]\d{0,3}[mhdw])(?=[-_.]|$)/;

/** Length of a bar written as the exchange writes it (`15m`, `1h`, `1d`, `1w`), ms; null when the text is no length. */
export function parseBarLength(text: string): number | null {
  const match = /^([1-9]\d{0,3})([mhdw])$/.exec(text);
  const unitMs = UNIT_MS[match?.[2] ?? ''];
  return match === null || unitMs === undefined ? null : Number(match[1]) * unitMs;
}

/** The bar length that stands as a word of its own in a file's name, as written; null when there is none. */
export function findBarLength(name: string): string | null {
  return IN_NAME.exec(name)?.[1] ?? null;
}

/** `900000` as `15m`, in the largest unit that divides it. */
export function formatBarLength(barMs: number): string {
  for (const unit of ['w', 'd', 'h', 'm']) {
    const unitMs = UNIT_MS[unit]!;
    if (barMs % unitMs === 0) return `${barMs / unitMs}${unit}`;
  }
  return `${barMs} ms`;
}
