import { TOOL_SCHEMAS } from '../../daemon/contract/tools.ts';
import { TRADING_TOOLS } from '../../daemon/core/request.ts';
import { ENDING_KINDS, SHADING_KINDS } from '../../daemon/exchange-sim/faults/faults.ts';
import { CODE_ROWS } from '../../daemon/venue/wire/outcome.ts';
import type { Trouble, WireFault } from '../explore/plan.ts';
import { type Leaf, listLeaves } from './leaves.ts';

/** What the explorer's worlds are to draw, and to draw so that it matters. */
export type Item =
  | { readonly kind: 'key'; readonly name: string; readonly leaf: Leaf }
  | { readonly kind: 'field'; readonly name: string; readonly tool: string; readonly path: readonly string[] }
  | { readonly kind: 'answer'; readonly name: string; readonly code?: number; readonly status?: number }
  | { readonly kind: 'fault'; readonly name: string; readonly at: 'exchange' | 'wire' | 'machine' };

/** Answers that are told apart by their status, whatever they say. */
const STATUSES = [403, 418, 429, 500, 502, 504];
/** What is played on request alone, and never without, is not among them. */
const WIRE: Readonly<Record<Exclude<WireFault['kind'], 'slow_connect'>, true>> = { late_answer: true, refused: true };
const MACHINE: Readonly<Record<Trouble['kind'], true>> = {
  clock: true,
  copy: true,
  disk_full: true,
  disk_hangs: true,
  failing_table: true,
  read_only: true,
  restored: true,
  second_daemon: true,
};

/** What changes no decision and no order, by its own words; the reason of each. */
export const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  version: 'there is one',
  name: 'for people',
  'trust.skills[].name': 'for people',
  'exits.scope': 'has no effect',
  'agents.*.exits.scope': 'has no effect',
  'agents.*.trader_state.window_trades': 'is the account’s, or the policy is refused',
  'agents.*.trader_state.max_age_ms': 'is the account’s, or the policy is refused',
  loosen_delay_ms: 'live venues alone',
  'scope.venues': 'no daemon starts under a policy that leaves out its venue',
  'intercept.allow.*': 'advice, from which no order follows',
  'requests.intercepts.max': 'advice, from which no order follows',
  'requests.intercepts.window_ms': 'advice, from which no order follows',
  'requests.dry_runs.max': 'advice, from which no order follows',
  'requests.dry_runs.window_ms': 'advice, from which no order follows',
  'place_order.strategy_id': 'for the record',
  'place_order.rationale': 'for the record',
  'place_order.meta.skill.name': 'for the record',
  'place_order.meta.skill.version': 'for the record',
  'close_position.strategy_id': 'for the record',
};

/** Keys of the policy and fields of tools from their schemas, answers and faults from the tables of venue and simulator. */
export function listItems(): readonly Item[] {
  const keys = listLeaves().map((leaf): Item => ({ kind: 'key', name: leaf.path, leaf }));
  const fields = TRADING_TOOLS.flatMap((tool) =>
    fieldsOf(TOOL_SCHEMAS[tool], []).map(
      (path): Item => ({ kind: 'field', name: [tool, ...path].join('.'), tool, path }),
    ),
  );
  const codes = CODE_ROWS.flatMap((row) => row.codes.map((code): Item => ({ kind: 'answer', name: `${code}`, code })));
  const statuses = STATUSES.map((status): Item => ({ kind: 'answer', name: `HTTP ${status}`, status }));
  const faults = (at: 'exchange' | 'wire' | 'machine', names: readonly string[]): readonly Item[] =>
    names.map((name) => ({ kind: 'fault', name, at }));
  const items = [
    ...keys,
    ...fields,
    ...codes,
    ...statuses,
    ...faults('exchange', [...ENDING_KINDS, ...SHADING_KINDS]),
    ...faults('wire', Object.keys(WIRE)),
    ...faults('machine', Object.keys(MACHINE)),
  ];
  return items.filter(({ name }) => !Object.hasOwn(WITHOUT_EFFECT, name));
}

function fieldsOf(schema: unknown, path: readonly string[]): readonly (readonly string[])[] {
  const { properties } = schema as { readonly properties?: Readonly<Record<string, unknown>> };
  if (properties === undefined) return [path];
  return Object.entries(properties).flatMap(([key, member]) => fieldsOf(member, [...path, key]));
}
