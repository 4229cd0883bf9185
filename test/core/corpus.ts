import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { compilePolicy } from '../../daemon/core/compiled-policy.ts';
import type { ExecutionContext } from '../../daemon/core/context.ts';
import { decide } from '../../daemon/core/decide/decide.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { ROW_FORMS, readRow } from '../../daemon/core/record-text/columns.ts';
import { writeContext, writeRequest } from '../../daemon/core/record-text/rows.ts';
import type { ExecutionRequest } from '../../daemon/core/request.ts';
import { fixturePath } from '../fixtures/recorded.ts';
import { cases } from './decide-cases.ts';
import { baseOrder, buildCase, type Change, NOW } from './decision-fixture.ts';
import { stands, takesRest } from './table-holding.ts';
import { LONG_TEN } from './table-row.ts';

/** Every ask under every policy. */
export interface Corpus {
  readonly policies: readonly IntendedPolicySpec[];
  readonly asks: readonly { readonly request: ExecutionRequest; readonly context: ExecutionContext }[];
}
const FILE = 'core-versions/corpus.jsonl';
const POLICIES = 8;
const DRAWS = 6_000;
const MAX_DRAWN = 150;

/** One a line; an ask is two rows (daemon/core/record-text/columns.ts). */
type Line = { readonly policy: IntendedPolicySpec } | { readonly ask: readonly [request: unknown, context: unknown] };

export function readCorpus(): Corpus {
  const policies: IntendedPolicySpec[] = [];
  const asks: Corpus['asks'][number][] = [];
  for (const text of readFileSync(fixturePath(FILE), 'utf8').trimEnd().split('\n')) {
    const line = JSON.parse(text) as Line;
    if ('policy' in line) policies.push(line.policy);
    else
      asks.push({
        request: readRow(ROW_FORMS.request, line.ask[0]) as ExecutionRequest,
        context: readRow(ROW_FORMS.context, line.ask[1]) as ExecutionContext,
      });
  }
  return { policies, asks };
}

/** `node test/core/corpus.ts` draws it anew, for a view or a policy that has gained members. */
function writeCorpus(): void {
  const drawn = fc.sample(cases, { seed: 1, numRuns: DRAWS });
  const policies = drawn.slice(0, POLICIES).map(({ policy }) => policy);
  const seen = new Set<string>();
  const asks: string[] = [];
  for (const [i, { request, context }] of drawn.entries()) {
    const [asked, view] = i % 6 > 3 ? change(request, context, i % 6 === 4) : [request, context];
    // What says nothing new under any policy is left out.
    const before = seen.size;
    for (const spec of policies) {
      const { decision, effective, reasons } = decide(asked, view, compilePolicy(spec, 'p', asked.agent));
      seen.add([decision, effective?.action, ...reasons.map(({ code }) => code)].join(' '));
    }
    if (seen.size === before) continue;
    asks.push(`{"ask":[${writeRequest(asked)},${writeContext(view)}]}`);
    if (asks.length === MAX_DRAWN) break;
  }
  // Seldom drawn: each thing that stands against opening, and against one more exit.
  for (const changes of SELDOM) {
    const { context, request } = buildCase(...changes);
    asks.push(`{"ask":[${writeRequest(request)},${writeContext(context)}]}`);
  }
  const lines = [...policies.map((policy) => JSON.stringify({ policy })), ...asks];
  writeFileSync(fixturePath(FILE), `${lines.join('\n')}\n`);
}
const SELDOM: readonly (readonly Change[])[] = [
  [stands({ held_by: 'another' })],
  [stands({ is_unowned: true })],
  [stands({ unproven_order: 'hfabc0009' })],
  [stands({ exit_decision: 'd-abcdef-9', exit_until_ms: NOW + 90_000, open_exits: 1 })],
  // A part that takes its rest along, beside as many as there may be.
  [LONG_TEN, takesRest({ quantity: 0.007 }), stands({ exit_decision: 'd-abcdef-9', open_exits: 10 })],
];
function change(
  request: ExecutionRequest,
  context: ExecutionContext,
  isModify: boolean,
): readonly [ExecutionRequest, ExecutionContext] {
  const seen = { ...context, order: baseOrder, own_order_id: baseOrder.client_order_id };
  const of = { ...request, client_order_id: baseOrder.client_order_id, order_type: null, side: null };
  return isModify
    ? [
        {
          ...of,
          intent: 'modify',
          limit_price: 59_990,
          quantity: null,
          requested_leverage: null,
          tool: 'modify_order',
        },
        seen,
      ]
    : [
        {
          ...of,
          intent: 'cancel',
          quantity: null,
          requested_notional: null,
          requested_leverage: null,
          tool: 'cancel_order',
        },
        seen,
      ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeCorpus();
