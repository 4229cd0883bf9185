/** One row of the published table (arXiv 2603.10092v1, restated in SAE section 8). */
export interface PublishedRow {
  readonly mdd: number;
  readonly cvar95: number;
  readonly cvar99: number;
  readonly liquidations: number;
  readonly attack_success: number;
  readonly false_block: number;
  readonly latency_ms: number;
  readonly dg_rate: number;
  readonly dg_loss: number;
}
export type PublishedTable = Readonly<Record<string, PublishedRow>>;

function row(figures: readonly [number, number, number, number, number, number, number, number, number]): PublishedRow {
  const [mdd, cvar95, cvar99, liquidations, attack_success, false_block, latency_ms, dg_rate, dg_loss] = figures;
  return { mdd, cvar95, cvar99, liquidations, attack_success, false_block, latency_ms, dg_rate, dg_loss };
}

export const PUBLISHED: PublishedTable = {
  NoSAE: row([0.4643, -1.363e-3, -4.025e-3, 0, 1, 0, 0.00135, 0.05889, 0.64712]),
  StaticOMS: row([0.1184, -2.34e-4, -5.62e-4, 0, 0.8847, 0.0112, 0.00194, 0.0516, 0.1189]),
  Budget: row([0.03251, -5.1e-5, -1.01e-4, 0, 0.76, 0, 0.00251, 0.04222, 0.02132]),
  'Budget+Cooldown': row([0.03627, -5.9e-5, -1.03e-4, 0, 0.7588, 0, 0.00321, 0.04333, 0.02553]),
  Full: row([0.0319, -4.8e-5, -1.02e-4, 0, 0.7281, 0, 0.01029, 0.047, 0.01916]),
};

export const CONTRASTS = ['mdd', 'cvar99', 'dg_loss'] as const;
export type Contrast = (typeof CONTRASTS)[number];

/** Reductions of Full against NoSAE in the published table: 0.931, 0.975 and 0.970. Fractions. */
export const PUBLISHED_CONTRASTS: Readonly<Record<Contrast, number>> = {
  mdd: reductionOf('mdd'),
  cvar99: reductionOf('cvar99'),
  dg_loss: reductionOf('dg_loss'),
};

function reductionOf(contrast: Contrast): number {
  return 1 - PUBLISHED.Full![contrast] / PUBLISHED.NoSAE![contrast];
}
