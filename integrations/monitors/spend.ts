/**
 * Reports an agent that has used up what it may spend on its model in a UTC day. It reads one JSON object a line from
 * standard input, `{"agent": "…", "llm_tokens"?: 1200, "tool_calls"?: 3, "usd"?: 0.02}`, as a proxy before the model or
 * the agent's own runtime writes it, and adds them up:
 *
 *   … | node integrations/monitors/spend.ts --token-file monitor.token --llm-tokens 2000000 --tool-calls 5000 --usd 50 \
 *         --state spend.json
 *
 * What a spent day means is the policy's to say (trust.signals.spend). The sums are kept in --state, so that a restart
 * forgets nothing. A line that is no usage is said on standard error and counts for nothing.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { buildReporter, COMMON, positive, type Reported, type Reporter } from './reporter.ts';

const DAY_MS = 86_400_000;
export const UNITS = ['llm_tokens', 'tool_calls', 'usd'] as const;
export type Unit = (typeof UNITS)[number];
export type Amounts = { readonly [unit in Unit]?: number };
export interface Usage extends Amounts {
  readonly agent: string;
}

export function parseUsage(line: string): Usage {
  const value = JSON.parse(line) as { readonly [key: string]: unknown } | null;
  if (typeof value?.agent !== 'string') throw new Error('a usage names its agent');
  for (const unit of UNITS) {
    const amount = value[unit];
    // Below zero it would give back what was spent.
    if (amount !== undefined && !(typeof amount === 'number' && Number.isFinite(amount) && amount >= 0))
      throw new Error(`${unit} is no amount`);
  }
  return value as unknown as Usage;
}

interface Kept {
  readonly day: string;
  readonly spent: { [agent: string]: { [unit in Unit]?: number } };
}

export class Spend {
  readonly #limits: Amounts;
  readonly #reporter: Reporter;
  readonly #file: string | null;
  readonly #nowMs: () => number;
  #kept: Kept;

  constructor(limits: Amounts, reporter: Reporter, file: string | null = null, nowMs: () => number = Date.now) {
    this.#limits = limits;
    this.#reporter = reporter;
    this.#file = file;
    this.#nowMs = nowMs;
    this.#kept = readKept(file) ?? { day: this.#today(), spent: {} };
  }

  async add(usage: Usage): Promise<Reported | 'within'> {
    const day = this.#today();
    if (this.#kept.day !== day) this.#kept = { day, spent: {} };
    const { spent } = this.#kept;
    const before = Object.hasOwn(spent, usage.agent) ? spent[usage.agent] : {};
    const sums: { [unit in Unit]?: number } = { ...before };
    for (const unit of UNITS) sums[unit] = (sums[unit] ?? 0) + (usage[unit] ?? 0);
    Object.defineProperty(spent, usage.agent, { value: sums, enumerable: true, configurable: true, writable: true });
    this.#keep();
    const over = UNITS.filter((unit) => (sums[unit] ?? 0) >= (this.#limits[unit] ?? Number.POSITIVE_INFINITY));
    if (over.length === 0) return 'within';
    const evidence = over.map((unit) => `${unit} ${sums[unit]} of ${this.#limits[unit]} on ${day}`).join(', ');
    // It is over with the day, not when the agent falls silent.
    const ttlMs = DAY_MS - (this.#nowMs() % DAY_MS);
    return this.#reporter.report({ kind: 'spend', scope: { agent: usage.agent }, severity: 1, evidence, ttlMs });
  }

  #today(): string {
    return new Date(this.#nowMs()).toISOString().slice(0, 10);
  }

  #keep(): void {
    if (this.#file === null) return;
    writeFileSync(`${this.#file}.new`, JSON.stringify(this.#kept));
    renameSync(`${this.#file}.new`, this.#file);
  }
}

/** Null: there is none yet. @throws if it is no such file: what was spent is then not known */
function readKept(file: string | null): Kept | null {
  if (file === null) return null;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const kept = JSON.parse(text) as Partial<Kept> | null;
  if (typeof kept?.day !== 'string' || typeof kept.spent !== 'object') throw new Error(`${file} holds no spend`);
  return kept as Kept;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      ...COMMON,
      'ttl-ms': { type: 'string', default: String(DAY_MS) },
      'llm-tokens': { type: 'string' },
      'tool-calls': { type: 'string' },
      usd: { type: 'string' },
      state: { type: 'string' },
    },
  });
  const limits: Amounts = {
    ...(values['llm-tokens'] === undefined ? {} : { llm_tokens: positive(values, 'llm-tokens') }),
    ...(values['tool-calls'] === undefined ? {} : { tool_calls: positive(values, 'tool-calls') }),
    ...(values.usd === undefined ? {} : { usd: positive(values, 'usd') }),
  };
  if (Object.keys(limits).length === 0) throw new Error('give at least one of --llm-tokens, --tool-calls, --usd');
  const spend = new Spend(limits, buildReporter(values), values.state ?? null);
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      await spend.add(parseUsage(line));
    } catch (error) {
      console.error(`not counted: ${String(error)}`);
    }
  }
}
