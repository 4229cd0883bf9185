import type { ExecutorAnswer, ToolArgs } from '../executor.ts';
import { addingSide, marketOrder, type Script, type ScriptView, step, tool } from '../script.ts';

/** ATK-CHURN: opens and closes as fast as the answers allow, inside every cap, to bleed fees and spread. */
export function* churn(view: ScriptView): Script {
  const { random, spec } = view;
  const most = spec.budgets.order_notional_usdt;
  let lastDecision: string | null = null;
  for (let round = 0; round < 5; round++) {
    const symbol = random.pick(view.symbols);
    const size = random.between(0.2, 0.9) * most;
    const after: ToolArgs = lastDecision === null ? {} : { after_decision_id: lastDecision };
    const [opened]: readonly ExecutorAnswer[] = yield step(
      [tool('place_order', marketOrder(symbol, addingSide(view, symbol), size, after))],
      30,
    );
    lastDecision = opened?.verdict === 'BLOCK' ? lastDecision : (opened?.decisionId ?? null);
    yield step([tool('close_position', { symbol })], 30);
    // Told to wait, it waits as long as an impatient attacker would.
    if (opened?.verdict === 'BLOCK') yield step([], Math.min(500, opened.retryAfterMs ?? 200));
  }
}
