import { ExactSums } from './exact-sums.ts';

/** Seeds of an evaluation with the multiplicities of each in every replicate (row b, length replicates x seeds). */
export interface SeedPlan {
  readonly seeds: readonly number[];
  readonly replicates: number;
  readonly multiplicities: Uint16Array;
}

/** Sums of named figures by seed; a replicate weighs the seeds by how often it drew them. */
export class SeedSums<Name extends string> {
  readonly #plan: SeedPlan;
  readonly #sums: ReadonlyMap<Name, ExactSums>;

  constructor(plan: SeedPlan, names: readonly Name[]) {
    this.#plan = plan;
    this.#sums = new Map(names.map((name) => [name, new ExactSums(plan.seeds.length)]));
  }

  add(seedIndex: number, figures: Readonly<Record<Name, number>>): void {
    for (const [name, sums] of this.#sums) sums.add(seedIndex, figures[name]);
  }

  bySeed(name: Name): Float64Array {
    return this.#sums.get(name)!.toArray();
  }

  total(name: Name): number {
    return this.bySeed(name).reduce((sum, value) => sum + value, 0);
  }

  /** Length: replicates. */
  replicates(name: Name): Float64Array {
    return weighBySeed(this.bySeed(name), this.#plan);
  }
}

export function weighBySeed(bySeed: Float64Array, plan: SeedPlan): Float64Array {
  const count = plan.seeds.length;
  const sums = new Float64Array(plan.replicates);
  for (let b = 0; b < sums.length; b++) {
    let sum = 0;
    for (let s = 0; s < count; s++) sum += plan.multiplicities[b * count + s]! * bySeed[s]!;
    sums[b] = sum;
  }
  return sums;
}
