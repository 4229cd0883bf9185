import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { ListedDecision } from '../../contract/types/stream.ts';
import type { BudgetFactors, BudgetRecord } from '../../core/decision.ts';
import type { ExecutionBody, ExplainedDecision, ToolAnswer } from '../../engine/records/decisions.ts';
import { amount, bare, clock, factor, figure, price, span, words } from '../format.ts';
import { Empty, Pill, showText, Table, Untrusted } from '../parts.tsx';
import { describeFault } from '../session/api.ts';
import { look } from '../session/session.ts';
import { isAgentsWord, opened, VERDICT_KIND } from './decisions.tsx';

/** One decision: what was asked, every rule, the arithmetic, what became of it. */
export function DecisionDialog() {
  const decision = opened.value;
  return decision === null ? null : <OpenDecision key={decision.decision_id} decision={decision} />;
}

function OpenDecision({ decision: row }: { readonly decision: ListedDecision }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const [answer, setAnswer] = useState<ToolAnswer | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  useEffect(() => {
    dialog.current?.showModal();
    look<ToolAnswer>(`/v1/decisions/${encodeURIComponent(row.decision_id)}`).then(setAnswer, (error: unknown) =>
      setFault(describeFault(error)),
    );
  }, [row.decision_id]);
  const close = (): void => {
    opened.value = null;
  };
  return (
    <dialog ref={dialog} class="wide" onClose={close} aria-labelledby={title}>
      <div class="dialog-head">
        <h2 id={title}>
          <Pill kind={VERDICT_KIND[row.decision] ?? 'plain'}>{row.decision}</Pill> {row.decision_id}
        </h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      {fault === null ? null : <p class="fault">{fault}</p>}
      {answer === null ? (
        <Empty>Reading it…</Empty>
      ) : (
        <>
          <Binding decision={answer.decision} />
          <Facts decision={answer.decision} />
          <Reasons decision={answer.decision} />
          <Arithmetic decision={answer.decision} />
          <Rules decision={answer.decision} />
          <Execution execution={answer.execution} />
        </>
      )}
    </dialog>
  );
}

function Binding({ decision: { bound_by: bound, arithmetic } }: { readonly decision: ExplainedDecision }) {
  if (bound === null && arithmetic.line === null) return null;
  return (
    <p class="binding">
      {bound === null ? null : (
        <>
          Bound by <strong>{bound}</strong>.{' '}
        </>
      )}
      {arithmetic.line}
    </p>
  );
}

function Facts({ decision }: { readonly decision: ExplainedDecision }) {
  const { effective, constraints } = decision;
  return (
    <dl class="facts">
      <dt>When</dt>
      <dd>
        {clock(decision.at_ms)}, record {decision.seq}
      </dd>
      <dt>Who and what</dt>
      <dd>
        {decision.agent}, {isAgentsWord(decision) ? <Untrusted text={decision.tool} /> : words(decision.tool)}{' '}
        {decision.symbol ?? ''} ({words(decision.kind)}
        {decision.binding ? '' : ', advice only'}
        {decision.enforced ? '' : ', not enforced'})
      </dd>
      {decision.request_id === null ? null : (
        <>
          <dt>Request id</dt>
          <dd>
            <Untrusted text={decision.request_id} />
          </dd>
        </>
      )}
      <dt>Goes out</dt>
      <dd>
        {effective === null
          ? 'nothing'
          : effective.quantity === null
            ? 'cancel every order'
            : `${effective.action} ${effective.side} ${effective.quantity} (asked: ${decision.asked?.quantity ?? '–'}), ${amount(effective.notional, 'USDT')} (asked: ${decision.asked?.notional == null ? '–' : amount(decision.asked.notional, 'USDT')}) at ${effective.limit_price ?? 'no limit'}, leverage ${effective.leverage ?? '–'}${effective.reduce_only ? ', only reduces' : ''}`}
      </dd>
      {constraints === null ? null : (
        <>
          <dt>Within</dt>
          <dd>
            {amount(constraints.notional_cap, 'USDT')}, {constraints.leverage_cap}×, {constraints.slippage_cap_bps} bps,
            cooldown {span(constraints.cooldown_ms)},{' '}
            {constraints.staging_plan.length === 1 ? 'one slice' : `${constraints.staging_plan.length} slices`}
          </dd>
        </>
      )}
      <dt>Policy, context</dt>
      <dd>
        <code>{decision.policy_hash.slice(0, 12)}</code> <code>{decision.context_hash?.slice(0, 12) ?? '–'}</code>
      </dd>
    </dl>
  );
}

function Reasons({ decision }: { readonly decision: ExplainedDecision }) {
  if (decision.reasons.length === 0) return <Empty>Nothing cut or refused it.</Empty>;
  return (
    <>
      <h3>Reasons</h3>
      <ol class="reasons">
        {decision.reasons.map((reason) => (
          <li key={reason.code}>
            <strong>{reason.code}</strong> {reason.message}
            {reason.observed === null && reason.limit === null ? null : (
              <span class="dim">
                {' '}
                Observed {figure(reason.observed)}, limit {figure(reason.limit)} {reason.unit ?? ''}.
              </span>
            )}
            <span class="dim"> {reason.hint}</span>
          </li>
        ))}
      </ol>
    </>
  );
}

const SOURCES = ['market', 'account', 'trust', 'trader', 'loss'] as const;

interface Row {
  readonly label: string;
  readonly code: string | null;
  readonly base: number;
  readonly factors: Readonly<Record<(typeof SOURCES)[number], number>>;
  readonly cap: number;
  readonly used: number | null;
  readonly reserved: number | null;
  readonly left: number | null;
  readonly unit: string;
}
const COMPONENTS: readonly (readonly [keyof BudgetRecord['budget'], keyof BudgetFactors, string])[] = [
  ['order_notional_usdt', 'notional', 'USDT'],
  ['symbol_notional_usdt', 'notional', 'USDT'],
  ['gross_notional_usdt', 'notional', 'USDT'],
  ['leverage', 'leverage', 'x'],
  ['slippage_bps', 'slippage', 'bps'],
  ['order_rate', 'order_rate', 'orders'],
];

/** Where no budget was computed against an order: B = B0 × market × account × trust × trader as it stood. */
function standingRows(budget: BudgetRecord): readonly Row[] {
  return COMPONENTS.map(([component, name, unit]) => {
    const factors = {
      market: budget.market[name],
      account: budget.account[name],
      trust: budget.trust[name],
      // The record has both of them in one.
      trader: budget.trader[name],
      loss: 1,
    };
    const product = SOURCES.reduce((all, source) => all * factors[source], 1);
    const cap = budget.budget[component];
    const base = product > 0 ? cap / product : Number.NaN;
    return { label: words(component), code: null, base, factors, cap, used: null, reserved: null, left: null, unit };
  });
}

function Arithmetic({ decision: { arithmetic, budget, bound_by: bound } }: { readonly decision: ExplainedDecision }) {
  const isUsed = arithmetic.rows.length > 0;
  const rows: readonly Row[] = isUsed ? arithmetic.rows : budget === null ? [] : standingRows(budget);
  if (rows.length === 0) return null;
  return (
    <>
      <h3>Arithmetic{budget === null ? '' : `, regime ${budget.regime}`}</h3>
      <Table
        label="Arithmetic of the budgets"
        head={[
          'Budget',
          'Base',
          'Market',
          'Account',
          'Trust',
          'Trader',
          'Own loss',
          'Cap',
          ...(isUsed ? ['Used', 'Reserved', 'Left'] : []),
        ]}
        figures={[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}
      >
        {rows.map((row) => (
          <tr key={`${row.label} ${row.code}`} class={row.code !== null && row.code === bound ? 'bound' : ''}>
            <th scope="row">
              {row.label}
              {row.code === null ? null : <span class="below">{row.code}</span>}
            </th>
            <td class="figure">{amount(row.base, row.unit)}</td>
            {SOURCES.map((source) => (
              <td key={source} class={`figure ${row.factors[source] === 1 ? 'dim' : 'cut'}`}>
                × {factor(row.factors[source])}
              </td>
            ))}
            <td class="figure">
              <strong>{amount(row.cap, row.unit)}</strong>
            </td>
            {isUsed ? (
              <>
                <td class="figure">{row.used === null ? '–' : bare(row.used, row.unit)}</td>
                <td class="figure">{row.reserved === null ? '–' : bare(row.reserved, row.unit)}</td>
                <td class="figure">{row.left === null ? '–' : bare(row.left, row.unit)}</td>
              </>
            ) : null}
          </tr>
        ))}
      </Table>
    </>
  );
}

const OUTCOME_KIND: Readonly<Record<string, string>> = { pass: 'active', tighten: 'reducing', deny: 'halted' };

function Rules({ decision: { verdicts } }: { readonly decision: ExplainedDecision }) {
  if (verdicts === null) return <Empty>Another version of the core took it: its rules are not derived here.</Empty>;
  return (
    <>
      <h3>Every rule</h3>
      <Table label="Every rule" head={['Rule', 'Code', 'Finding', 'Observed', 'Limit', 'Unit']} figures={[0, 3, 4]}>
        {verdicts.map((verdict) => (
          <tr key={`${verdict.rule} ${verdict.code} ${verdict.unit ?? ''}`}>
            <td class="figure">{verdict.rule}</td>
            <th scope="row">{verdict.code}</th>
            <td>
              <Pill kind={OUTCOME_KIND[verdict.outcome] ?? 'plain'}>{verdict.outcome}</Pill>
            </td>
            <td class="figure">{showText(figure(verdict.observed))}</td>
            <td class="figure">{showText(figure(verdict.limit))}</td>
            <td>{verdict.unit ?? ''}</td>
          </tr>
        ))}
      </Table>
    </>
  );
}

function Execution({ execution }: { readonly execution: ExecutionBody }) {
  return (
    <>
      <h3>
        Execution <Pill kind="plain">{words(execution.state)}</Pill>
      </h3>
      {execution.note === null ? null : <p>{showText(execution.note)}</p>}
      {execution.orders.length === 0 ? (
        <Empty>No order went out.</Empty>
      ) : (
        <Table
          label="Orders of this decision"
          head={['Order', 'Slice', 'Status', 'Quantity', 'Filled', 'Average price', 'Fee, USDT']}
          figures={[1, 3, 4, 5, 6]}
        >
          {execution.orders.map((order) => (
            <tr key={order.client_order_id}>
              <th scope="row">{order.client_order_id}</th>
              <td class="figure">{order.slice}</td>
              <td>{words(order.status)}</td>
              <td class="figure">{order.quantity}</td>
              <td class="figure">{order.filled_quantity}</td>
              <td class="figure">{price(order.average_price)}</td>
              <td class="figure">{figure(order.fee_usdt)}</td>
            </tr>
          ))}
        </Table>
      )}
    </>
  );
}
