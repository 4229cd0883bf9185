import { useState } from 'preact/hooks';
import type { BudgetLine, OpeningLimits, SymbolLimits } from '../../contract/types/limits.ts';
import type { BudgetFactors } from '../../core/decision.ts';
import { BUDGETS, type BudgetKey } from '../../core/keys/budgets.ts';
import { amount, bare, factor, span, usdt, words } from '../format.ts';
import { Empty, Panel, Pill } from '../parts.tsx';
import { limits } from '../state/store.ts';

/** Of bounds that are no keys of the policy. */
const BOUND_TITLES: Readonly<Record<Exclude<BudgetLine['component'], BudgetKey>, string>> = {
  account_leverage_usdt: 'Leverage of the account',
  concentration_usdt: 'Share of one symbol',
  bracket_usdt: 'Bracket of the exchange',
  margin_usdt: 'Free margin',
  agent_loss_day_usdt: 'Own loss today, to the next tier',
  agent_loss_week_usdt: 'Own loss of 7 days, to the next tier',
};
const titleOf = (component: BudgetLine['component']): string =>
  component in BUDGETS ? BUDGETS[component as BudgetKey].title : BOUND_TITLES[component as keyof typeof BOUND_TITLES];
/** Which factor tightens which budget; the others have none. */
const FACTOR_OF: Partial<Record<BudgetLine['component'], keyof BudgetFactors>> = {
  gross_notional_usdt: 'notional',
  symbol_notional_usdt: 'notional',
  order_notional_usdt: 'notional',
  leverage: 'leverage',
  slippage_bps: 'slippage',
  order_rate: 'order_rate',
};
const SOURCES = ['market', 'account', 'trust', 'trader', 'loss'] as const;

/** Budgets of one symbol as bars, each with the line that explains it. */
export function BudgetsPanel() {
  const body = limits.value;
  const [chosen, setChosen] = useState<string | null>(null);
  const shown = body?.symbols.find((each) => each.symbol === chosen) ?? body?.symbols[0];
  return (
    <Panel
      title="Budgets"
      name="budgets"
      note="of the account, before an agent’s trust"
      actions={
        <fieldset class="tabs">
          <legend class="hidden">Symbol</legend>
          {(body?.symbols ?? []).map(({ symbol }) => (
            <button
              type="button"
              key={symbol}
              aria-pressed={symbol === shown?.symbol}
              onClick={() => setChosen(symbol)}
            >
              {symbol}
            </button>
          ))}
        </fieldset>
      }
    >
      {shown === undefined ? <Empty>No symbol is in scope.</Empty> : <SymbolBudgets limits={shown} />}
    </Panel>
  );
}

function SymbolBudgets({ limits: of }: { readonly limits: SymbolLimits }) {
  return (
    <>
      <div class="openings">
        <Opening side="Buy" opening={of.opening.buy} />
        <Opening side="Sell" opening={of.opening.sell} />
      </div>
      {of.cooldown_remaining_ms > 0 ? (
        <p class="warning">Cooldown: opens again in {span(of.cooldown_remaining_ms)}.</p>
      ) : null}
      <ul class="bars">
        {of.budgets.map((line) => (
          <Bar key={line.component} line={line} of={of} />
        ))}
      </ul>
    </>
  );
}

function Opening({ side, opening }: { readonly side: string; readonly opening: OpeningLimits }) {
  const isBlocked = opening.blocked_by.length > 0 || opening.remaining_usdt <= 0;
  const why = isBlocked ? opening.blocked_by.join(', ') : (opening.bound_by ?? '');
  return (
    <p class="opening">
      <span class="dim">{side} at most</span>
      <strong>{usdt(opening.remaining_usdt)} USDT</strong>
      {why === '' ? null : <Pill kind={isBlocked ? 'halted' : 'plain'}>{why}</Pill>}
    </p>
  );
}

/** `1,000 USDT × 0.6 market × 0.5 account = 300 USDT; used 100, reserved 20, left 180`. */
function explain(line: BudgetLine, of: SymbolLimits): string {
  const { base, limit, used, reserved, remaining, unit } = line;
  const name = FACTOR_OF[line.component];
  const factors = name === undefined ? [] : SOURCES.map((source) => [source, of.factors[source][name]] as const);
  const tightening = factors.filter(([, value]) => value !== 1);
  const product = tightening
    .map(([source, value]) => ` × ${factor(value)} ${source === 'loss' ? 'own loss' : source}`)
    .join('');
  const cap =
    product === '' && base === limit ? amount(base, unit) : `${amount(base, unit)}${product} = ${amount(limit, unit)}`;
  const flat = used === 0 && reserved === 0 && remaining === limit;
  return flat
    ? cap
    : `${cap}; used ${bare(used, unit)}, reserved ${bare(reserved, unit)}, left ${bare(remaining, unit)}`;
}

function Bar({ line, of }: { readonly line: BudgetLine; readonly of: SymbolLimits }) {
  const whole = Math.max(line.base, line.limit, 1e-9);
  const share = (value: number): string => `${Math.min(100, Math.max(0, (value / whole) * 100))}%`;
  const isSpent = line.remaining <= 0;
  return (
    <li class={isSpent ? 'bar spent' : 'bar'}>
      <p class="bar-head">
        <span>{titleOf(line.component) ?? words(line.component)}</span>
        <strong>{amount(line.remaining, line.unit)} left</strong>
      </p>
      <div class="track" aria-hidden="true">
        <div class="cap" style={{ width: share(line.limit) }} />
        <div class="used" style={{ width: share(line.used) }} />
        <div class="reserved" style={{ left: share(line.used), width: share(line.reserved) }} />
      </div>
      <p class="dim">{explain(line, of)}</p>
    </li>
  );
}
