import { type TSchema, Type } from 'typebox';
import { ATTACK_FAMILIES } from '../../../daemon/evaluation/facts/agents.ts';

/** The published shape of report.json, written apart from the code's own types. */
const strict = { additionalProperties: false };
const Interval = Type.Object({ mean: Type.Number(), lo: Type.Number(), hi: Type.Number() }, strict);
const Metric = Type.Union([Interval, Type.Null()]);
const Figure = Type.Union([Type.Number(), Type.Null()]);
const ByFamily = Type.Object(Object.fromEntries(ATTACK_FAMILIES.map((family) => [family, Metric])), strict);
const Named = (schema: TSchema) => Type.Record(Type.String(), schema);

const METRICS = [
  'mdd',
  'cvar95',
  'cvar99',
  'liquidations',
  'attack_success',
  'attack_success_any',
  'attack_damage',
  'false_block',
  'strict_false_block',
  'false_block_b0',
  'utility_kept',
  'utility_own',
  'gross',
  'time_over_cap',
  'time_reduce_only',
  'dg_rate',
  'dg_loss',
];
const metrics = Object.fromEntries(METRICS.map((name) => [name, Metric]));

const Scenario = Type.Object({
  ...metrics,
  attack_success_by_family: Type.Union([ByFamily, Type.Null()]),
  attack_damage_worst: Metric,
  attack_damage_worst_run: Metric,
  held_block: Metric,
  held_block_reserved: Metric,
  others_kept: Metric,
  refused_exits: Metric,
  mean_return: Metric,
  cvar99_per_gross: Metric,
  cvar99_per_gross_to_no_regimes: Metric,
  latency_us: Metric,
});
/** These and no others: everything else is under a scenario. */
const Variant = Type.Object(
  {
    runs: Type.Number(),
    ...metrics,
    attack_success_by_family: ByFamily,
    attack_damage_worst: Metric,
    attack_damage_worst_run: Metric,
    churn_equity_14d: Metric,
    latency_us: Metric,
    scenarios: Named(Scenario),
  },
  strict,
);
const ShrinkFigures = Type.Union([
  Type.Object(
    {
      mdd: Metric,
      cvar95: Metric,
      cvar99: Metric,
      mdd_ratio: Metric,
      cvar95_ratio: Metric,
      cvar99_ratio: Metric,
      factor: Metric,
    },
    strict,
  ),
  Type.Null(),
]);
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });

export const ReportSchema = Type.Object(
  {
    variants: Named(Variant),
    shrink: Named(Type.Object({ light: ShrinkFigures, heavy: ShrinkFigures, scenarios: Named(ShrinkFigures) }, strict)),
    tests: Type.Object({
      wilcoxon: Type.Array(
        Type.Object({
          a: Type.String(),
          b: Type.String(),
          scenario: Type.String(),
          p_value: Type.Number({ minimum: 0, maximum: 1 }),
        }),
      ),
      two_proportion: Type.Array(
        Type.Object({ z: Type.Number(), p_value: Type.Number({ minimum: 0, maximum: 1 }), design_effect: Figure }),
      ),
      dominance: Type.Object({
        rows: Type.Array(Type.Object({ variant: Type.String(), retained: Metric })),
        met: Type.Array(Type.Object({ variant: Type.String() })),
      }),
    }),
    inputs: Type.Object({
      seeds: Type.Array(Type.Integer()),
      policy_hashes: Named(Sha256),
      scope_hash: Sha256,
      baseline: Type.Object(
        { core: Type.Integer(), comparable_from_core: Type.Integer(), contract: Type.String() },
        strict,
      ),
      data: Type.Array(Type.Object({ name: Type.String(), sha256: Sha256, rows: Type.Integer() })),
    }),
  },
  strict,
);
