import { checkTradingCall } from '../../daemon/contract/tools.ts';
import type { OperatorAct } from './plan.ts';
import type { PlayedWorld } from './played-world.ts';
import { nameless, OPERATOR } from './records.ts';

/** An operator's word on symbols, texts and alerts, and a dry run of an agent. */
export function actAsOperator(world: PlayedWorld, step: number, action: OperatorAct): void {
  switch (action.kind) {
    case 'release': {
      const { forMs, symbol } = action;
      world.operate(step, 'release', action, (gate) => gate.releaseSymbol(OPERATOR, symbol, forMs, 'plan'));
      return;
    }
    case 'adopt': {
      const { agent, symbol } = action;
      world.operate(step, 'adopt', action, (gate) => gate.adoptSymbol(OPERATOR, { symbol, agent }, 'plan', null));
      return;
    }
    case 'dry_run':
      dryRun(world, step, action);
      return;
    case 'erase': {
      const said = world.calls.findLast(
        ({ agent, answer, args }) => agent === action.agent && answer !== null && args.rationale !== undefined,
      );
      if (said?.answer == null) return;
      const { decision_id: id } = said.answer.decision;
      world.operate(step, 'erase', { agent: action.agent, of: id }, (gate) => gate.eraseTexts(OPERATOR, id, 'plan'));
      return;
    }
    case 'acknowledge': {
      const alert = world.gate?.getAlerts(100, null).alerts.find(({ acknowledged }) => acknowledged === null);
      if (alert === undefined) return;
      const { seq } = alert;
      world.operate(step, 'acknowledge', { of: String(seq) }, (gate) => gate.acknowledgeAlert(OPERATOR, seq, 'plan'));
    }
  }
}

function dryRun(world: PlayedWorld, step: number, action: Extract<OperatorAct, { readonly kind: 'dry_run' }>): void {
  const { agent, side, symbol, usdt } = action;
  const id = `dry${step}`;
  const args = {
    symbol,
    intent: 'open',
    side,
    requested_notional: usdt,
    requested_leverage: 1,
    order_type: 'market',
    max_slippage_bps: 20,
    strategy_id: 'explorer',
    request_id: id,
  };
  const checked = checkTradingCall('place_order', args);
  if (!checked.ok) throw new Error(`a dry run is not asked for in the tool's words: ${JSON.stringify(checked)}`);
  world.operate(step, 'dry_run', { agent, symbol, of: id }, (gate) =>
    action.isIntercepted === true
      ? gate.intercept(nameless(agent), { name: 'place_order', args, skill: null }, checked.call)
      : gate.dryRun(nameless(agent), checked.call),
  );
}
