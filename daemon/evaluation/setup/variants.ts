import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatViolation } from '../../contract/schema/violations.ts';
import { canonicalJson } from '../../core/canonical-json.ts';
import { BUDGETS, DAY_BUDGETS, MAX_USDT, MIN_VALUE, USDT_BUDGETS } from '../../core/keys/budgets.ts';
import type { AgentSection, Budgets, IntendedPolicySpec } from '../../core/policy.ts';
import { hashPolicy, parsePolicy } from '../../policy/parse.ts';

/**
 * The variants of the evaluation (SAE section 8): policy files in `policies/evaluation/`, never code paths. In the
 * order of the published table, then ours and its control.
 */
export const VARIANTS = {
  NoSAE: 'no-sae.yaml',
  StaticOMS: 'static-oms.yaml',
  Budget: 'budget.yaml',
  'Budget+Cooldown': 'budget-cooldown.yaml',
  Full: 'full.yaml',
  Holdfast: 'holdfast.yaml',
  'Holdfast-no-regimes': 'holdfast-no-regimes.yaml',
} as const;
export type VariantName = keyof typeof VARIANTS;
export const VARIANT_NAMES = Object.keys(VARIANTS) as readonly VariantName[];

export interface Variant {
  /** Name in VARIANTS, or that of the policy file when it was given by its path. */
  readonly name: string;
  readonly spec: IntendedPolicySpec;
  /** sha256 (hex) of the policy's canonical JSON. */
  readonly hash: string;
}

/** The name is no variant and no file, or the file is no valid policy. The message lists every violation. */
export class VariantError extends Error {
  override readonly name = 'VariantError';
}

/**
 * Reads a variant by its name, or any policy file by its path. Shadow policies are legal here: nothing in replay holds
 * money.
 *
 * @throws VariantError
 */
export function loadVariant(nameOrPath: string): Variant {
  const isName = Object.hasOwn(VARIANTS, nameOrPath);
  const path = isName ? findVariantFile(VARIANTS[nameOrPath as VariantName]) : resolve(nameOrPath);
  const parsed = parsePolicy(readText(path, nameOrPath), path);
  if (!parsed.ok) {
    const lines = parsed.violations.map((violation) => `  ${formatViolation(violation)}`);
    throw new VariantError([`${path} is not a valid policy:`, ...lines].join('\n'));
  }
  const { spec, hash } = parsed.policy;
  return { name: isName ? nameOrPath : spec.name, spec, hash };
}

function readText(path: string, asGiven: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    const known = VARIANT_NAMES.join(', ');
    throw new VariantError(`${asGiven} is no variant (${known}), and no file that can be read (${code}).`, { cause });
  }
}

function findVariantFile(file: string): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const path = join(folder, 'policies', 'evaluation', file);
    if (existsSync(path)) return path;
    const parent = dirname(folder);
    if (parent === folder) throw new VariantError(`policies/evaluation/${file} was not found.`);
    folder = parent;
  }
}

/**
 * The same policy with its caps times `scale`: order, symbol and gross notional, turnover and fees of the day, the
 * floor of concentration, and agents' own caps of these kinds. Leverage, rates, slippage and times stay. Never outside
 * the schema's range, so a budget that is switched off by its largest value stays off above 1.
 *
 * @throws RangeError on a scale that is not a number above 0
 */
export function scaleCaps(spec: IntendedPolicySpec, scale: number): IntendedPolicySpec {
  if (!(scale > 0 && Number.isFinite(scale))) throw new RangeError(`a scale of caps is above 0, not ${scale}`);
  if (scale === 1) return spec;
  const { concentration } = spec.account;
  const floorUsdt = Math.min(MAX_USDT, concentration.floor_usdt * scale);
  const agents = Object.entries(spec.agents).map(([name, section]) => [
    name,
    section.budgets === undefined ? section : { ...section, budgets: scaleBudgets(section.budgets, scale) },
  ]);
  return {
    ...spec,
    budgets: scaleBudgets(spec.budgets, scale),
    account: { ...spec.account, concentration: { ...concentration, floor_usdt: floorUsdt } },
    agents: Object.fromEntries(agents),
  };
}

/**
 * The same policy with these symbols reserved by agent, and no others: what a file reserves for its own agents says
 * nothing of those of a replay.
 */
export function reserveSymbols(
  spec: IntendedPolicySpec,
  reserved: Readonly<Record<string, readonly string[]>>,
): IntendedPolicySpec {
  const agents = new Map<string, AgentSection>(
    Object.entries(spec.agents).map(([name, { reserve: _, ...rest }]) => [name, rest]),
  );
  for (const [name, reserve] of Object.entries(reserved)) agents.set(name, { ...agents.get(name), reserve });
  return { ...spec, agents: Object.fromEntries(agents) };
}

function scaleBudgets<Part extends Partial<Budgets>>(budgets: Part, scale: number): Part {
  const caps = USDT_BUDGETS.flatMap((key) => {
    const value = budgets[key];
    if (value === undefined) return [];
    return [[key, Math.min(BUDGETS[key].max, Math.max(MIN_VALUE.USDT, value * scale))] as const];
  });
  return { ...budgets, ...Object.fromEntries(caps) };
}

/**
 * sha256 (hex) of R as SAE section 3 has it: leverage, notional caps, order rate, slippage, holding time, positions.
 * Turnover and fees are ours and a switch of a variant, so they are not part of it. Equal in all variants but NoSAE.
 */
export function hashBudgets(spec: IntendedPolicySpec): string {
  const shared = Object.entries(spec.budgets).filter(([name]) => !DAY_BUDGETS.some(({ key }) => key === name));
  return createHash('sha256')
    .update(canonicalJson(Object.fromEntries(shared)))
    .digest('hex');
}

/**
 * The same variant for the symbols of a market: they become its scope, and its duplicate exemption where that named the
 * whole scope. Unchanged, with the file's own hash, when the scope names exactly these symbols.
 */
export function forSymbols(variant: Variant, symbols: readonly string[]): Variant {
  const { scope, temporal } = variant.spec;
  const wanted = [...symbols].sort();
  if (canonicalJson([...scope.symbols].sort()) === canonicalJson(wanted)) return variant;
  const isExempt = scope.symbols.every((symbol) => temporal.duplicate_exempt.includes(symbol));
  const spec: IntendedPolicySpec = {
    ...variant.spec,
    scope: { ...scope, symbols: wanted },
    temporal: isExempt ? { ...temporal, duplicate_exempt: wanted } : temporal,
  };
  return { name: variant.name, spec, hash: hashPolicy(spec) };
}
