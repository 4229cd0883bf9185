import { remembered } from '../facts/remembered.ts';
import { type BootstrapPlan, drawSeedMultiplicities } from './bootstrap-plan.ts';
import { Cell, type SeedPlan } from './cell.ts';
import { buildComparisons, type Comparisons, type ScenarioCells } from './comparisons.ts';
import {
  buildDominanceRow,
  type Contrast,
  type ContrastsMet,
  type DominanceRow,
  findContrastsMet,
  PUBLISHED_CONTRASTS,
  type ScaledCell,
} from './dominance.ts';
import { type CellScenario, compareScenarios, nameScenario, scenarioOf } from './scenario-name.ts';
import { buildScenarioReport, buildShrinkReport, type ShrinkReport } from './scenario-report.ts';
import type { RunSummary } from './summary.ts';
import { buildVariantReport, findHeadline, type VariantReport } from './variant-report.ts';

export interface AggregatorSettings {
  readonly plan: BootstrapPlan;
  /** All seeds of the evaluation, in any order. */
  readonly seeds: readonly number[];
  /** Order of variants in the report; others follow by name. */
  readonly variants: readonly string[];
  /** Gross notional cap of R at caps x 1, USDT: attack throughput is a multiple of it. Null: no throughput. */
  readonly grossCapUsdt: number | null;
  readonly contrasts?: Readonly<Record<Contrast, number>>;
}
/** Shrink under light and heavy (clairvoyant where run) attack at caps x 1, and in every scenario. */
export interface ShrinkOfVariant {
  readonly light: ShrinkReport | null;
  readonly heavy: ShrinkReport | null;
  readonly scenarios: Readonly<Record<string, ShrinkReport | null>>;
}
export interface Aggregate {
  readonly variants: Readonly<Record<string, VariantReport>>;
  readonly shrink: Readonly<Record<string, ShrinkOfVariant>>;
  readonly tests: Comparisons;
  readonly dominance: { readonly rows: readonly DominanceRow[]; readonly met: readonly ContrastsMet[] };
}
interface Entry {
  readonly variant: string;
  readonly scenario: CellScenario;
  readonly cell: Cell;
}

const REFERENCE = 'NoSAE';
const WITHOUT_REGIMES = '-no-regimes';

/**
 * Adds up runs: given in the same order, the report is the same bit for bit. Memory does not grow with the number of runs
 * but by 1.2 kB a seed in each variant and scenario.
 */
export class Aggregator {
  readonly #settings: AggregatorSettings;
  readonly #seedPlan: SeedPlan;
  readonly #entries = new Map<string, Entry>();

  constructor(settings: AggregatorSettings) {
    this.#settings = settings;
    this.#seedPlan = {
      seeds: [...settings.seeds].sort((a, b) => a - b),
      replicates: settings.plan.replicates,
      multiplicities: drawSeedMultiplicities(settings.plan, settings.seeds.length),
    };
  }

  /** @throws RangeError on a run of another seed or plan, or on the same run twice */
  add(summary: RunSummary): void {
    const { plan } = this.#settings;
    if (summary.dailyReturns.length !== plan.days || summary.path.mdd.replicates.length !== plan.replicates)
      throw new RangeError('the run was summarised under another bootstrap plan');
    const scenario = scenarioOf(summary.key);
    const { variant } = summary.key;
    const name = keyOf(variant, scenario);
    const open = (): Entry => ({ variant, scenario, cell: new Cell(this.#seedPlan, plan.days) });
    remembered(this.#entries, name, open).cell.add(summary);
  }

  /** May be called at any time, and again. */
  finish(): Aggregate {
    const variants: Record<string, VariantReport> = {};
    const shrink: Record<string, ShrinkOfVariant> = {};
    const scaled: ScaledCell[] = [];
    for (const variant of this.#listVariants()) {
      const entries = this.#entriesOf(variant);
      const reported = entries.map((entry) => ({ ...entry, report: this.#report(entry) }));
      variants[variant] = buildVariantReport(reported);
      if (variant !== REFERENCE) shrink[variant] = reportShrink(entries);
      for (const { scenario, cell, report } of reported)
        if (scenario.attack === 'light' && scenario.sides === 'random' && !scenario.isShared)
          scaled.push({ variant, capsScale: scenario.capsScale, cell, report });
    }
    return { variants, shrink, tests: this.#compare(), dominance: this.#dominance(scaled) };
  }

  #report({ variant, scenario, cell }: Entry) {
    const find = (name: string, part: Partial<CellScenario>) =>
      this.#entries.get(keyOf(name, { ...scenario, ...part }))?.cell ?? null;
    const cap = this.#settings.grossCapUsdt;
    return buildScenarioReport(
      cell,
      scenario,
      {
        calm: find(variant, { attack: 'none', sides: 'random' }),
        noSae: find(REFERENCE, { capsScale: 1 }),
        noRegimes: find(`${variant}${WITHOUT_REGIMES}`, {}),
      },
      cap === null ? null : cap * scenario.capsScale,
    );
  }

  #compare(): Comparisons {
    const scenarios = new Map<string, Map<string, Cell>>();
    for (const variant of this.#listVariants()) {
      const entries = this.#entriesOf(variant);
      const heavy = findHeadline(entries, 'heavy', ['clairvoyant', 'random']);
      for (const entry of [findHeadline(entries, 'light'), heavy]) {
        if (entry === null) continue;
        const name = nameScenario(entry.scenario);
        const cells = scenarios.get(name) ?? new Map<string, Cell>();
        scenarios.set(name, cells.set(variant, entry.cell));
      }
    }
    return buildComparisons([...scenarios].map(([scenario, cells]): ScenarioCells => ({ scenario, cells })));
  }

  #dominance(scaled: readonly ScaledCell[]): Aggregate['dominance'] {
    const contrasts = this.#settings.contrasts ?? PUBLISHED_CONTRASTS;
    const noSae = scaled.find(({ variant, capsScale }) => variant === REFERENCE && capsScale === 1);
    if (noSae === undefined) return { rows: [], met: [] };
    const rows = scaled.map((each) => buildDominanceRow(each, noSae.cell, contrasts));
    const names = [...new Set(rows.map((row) => row.variant))];
    const met = names.map((name) =>
      findContrastsMet(
        rows.filter((row) => row.variant === name),
        contrasts,
      ),
    );
    return { rows, met };
  }

  #listVariants(): readonly string[] {
    const run = [...new Set([...this.#entries.values()].map((entry) => entry.variant))].sort();
    const named = this.#settings.variants.filter((name) => run.includes(name));
    return [...named, ...run.filter((name) => !named.includes(name))];
  }

  #entriesOf(variant: string): readonly Entry[] {
    return [...this.#entries.values()]
      .filter((entry) => entry.variant === variant)
      .sort((a, b) => compareScenarios(a.scenario, b.scenario));
  }
}

function reportShrink(entries: readonly Entry[]): ShrinkOfVariant {
  const light = findHeadline(entries, 'light');
  const heavy = findHeadline(entries, 'heavy', ['clairvoyant', 'random']);
  return {
    light: light === null ? null : buildShrinkReport(light.cell),
    heavy: heavy === null ? null : buildShrinkReport(heavy.cell),
    scenarios: Object.fromEntries(
      entries.map(({ scenario, cell }) => [nameScenario(scenario), buildShrinkReport(cell)]),
    ),
  };
}

function keyOf(variant: string, scenario: CellScenario): string {
  return `${variant}|${nameScenario(scenario)}`;
}
