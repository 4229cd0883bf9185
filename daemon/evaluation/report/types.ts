import type { Aggregate, ShrinkOfVariant } from '../metrics/aggregator.ts';
import type { Interval, Metric } from '../metrics/bootstrap-plan.ts';
import type { Comparisons } from '../metrics/comparisons.ts';
import type { PublishedTable } from '../metrics/dominance.ts';
import type { VariantReport } from '../metrics/variant-report.ts';

/** A table as text: the same for Markdown and the page. Notes are plain sentences. */
export interface ReportTable {
  readonly title: string;
  readonly note: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export type { Interval, Metric };

/** What the report was made from: enough to make it again, bit for bit. */
export interface ReportInputs {
  /** The command line that makes it again. */
  readonly command: string;
  readonly seeds: readonly number[];
  readonly agents: readonly string[];
  /** sha256 (hex) of each variant's policy, of R (the same in all variants but NoSAE) and of the judge's scope. */
  readonly policy_hashes: Readonly<Record<string, string>>;
  readonly budgets_hash: string;
  readonly scope_hash: string;
  readonly data: readonly { readonly name: string; readonly sha256: string; readonly rows: number }[];
  readonly symbols: readonly string[];
  readonly bar_ms: number;
  readonly bars: number;
  /** Judged span, UTC ms. */
  readonly start_ms: number;
  readonly end_ms: number;
  readonly gaps: readonly { readonly symbol: string; readonly after_open_ms: number; readonly missing_bars: number }[];
  readonly bootstrap: { readonly seed: number; readonly replicates: number; readonly days: number };
  /** Version of the gate's core, and the version and contract from which on reports can be compared. */
  readonly baseline: {
    readonly core: number;
    readonly comparable_from_core: number;
    readonly contract: string;
  };
  readonly versions: Readonly<Record<string, string>>;
  /** Everything else that was chosen: options of the command, with their values. */
  readonly flags: Readonly<Record<string, string | number | boolean>>;
}
/** report.json. Keys in this order; figures as they are. */
export interface Report {
  readonly variants: Readonly<Record<string, VariantReport>>;
  readonly shrink: Readonly<Record<string, ShrinkOfVariant>>;
  readonly tests: Comparisons & { readonly dominance: Aggregate['dominance'] };
  readonly inputs: ReportInputs & { readonly published: PublishedTable };
}

/** Equity and drawdown of one run, down-sampled. Times UTC ms, equity USDT, drawdown a fraction of the peak so far. */
export interface CurveSample {
  readonly variant: string;
  readonly seed: number;
  readonly agent: string;
  readonly scenario: string;
  readonly times: readonly number[];
  readonly equity: readonly number[];
  readonly drawdown: readonly number[];
}
export interface ReportParts {
  readonly aggregate: Aggregate;
  readonly inputs: ReportInputs;
}
