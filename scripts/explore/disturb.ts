import type { Gate } from '../../daemon/driver/gate.ts';
import { ApprovalError } from '../../daemon/engine/calls/approvals.ts';
import { actOnAlerts } from './alert-acts.ts';
import { actOnApprovers } from './approver-acts.ts';
import { APPROVERS } from './approvers.ts';
import { START_MS } from './market.ts';
import { actAsOperator } from './operator-acts.ts';
import type { Action } from './plan.ts';
import type { PlayedWorld } from './played-world.ts';
import { OPERATOR } from './records.ts';
import { actOnTokens } from './token-acts.ts';

const DAY_MS = 86_400_000;

/** What operators do, and what happens to the venue and to the process. */
export async function disturb(world: PlayedWorld, step: number, action: Action): Promise<void> {
  switch (action.kind) {
    case 'state': {
      const { state, symbol, agent } = action;
      const scope = { ...(symbol === undefined ? {} : { symbol }), ...(agent === undefined ? {} : { agent }) };
      world.operate(step, state, scope, (gate) => gate.setTradingState(OPERATOR, { state, reason: 'plan', ...scope }));
      return;
    }
    case 'flatten': {
      const symbols = action.symbol === undefined ? null : [action.symbol];
      world.operate(step, 'flatten', action, (gate) => gate.flatten(OPERATOR, symbols, 'plan'));
      return;
    }
    case 'signal': {
      const { signal: kind, agent, symbol, ttlMs } = action;
      const scope = { ...(symbol === undefined ? {} : { symbol }), ...(agent === undefined ? {} : { agent }) };
      world.operate(step, 'signal', scope, (gate) =>
        // A later report may be the milder one.
        gate.addSignal(OPERATOR, { kind, scope, severity: (9 - (step % 9)) / 10, ttl_ms: ttlMs }),
      );
      return;
    }
    case 'approve':
      world.operate(step, 'approve', {}, (gate) => approve(world, gate, action));
      return;
    case 'approver':
      actOnApprovers(world, step, action);
      return;
    case 'policy':
      world.savePolicy(step, action.edit, action.isLeft === true);
      return;
    case 'mark':
      world.venue.moveMark(action.symbol, action.bps);
      return;
    case 'depth':
      world.venue.control('set-mark', {
        symbol: action.symbol,
        price: world.venue.mark(action.symbol),
        level_notional_usdt: action.usdt,
      });
      return;
    case 'spread':
      world.venue.control('set-mark', {
        symbol: action.symbol,
        price: world.venue.mark(action.symbol),
        spread_bps: action.bps,
      });
      return;
    case 'fault':
      world.venue.control('faults', action.fault);
      return;
    case 'wire':
      world.wire.addFault(action.wire);
      return;
    case 'clear_faults':
      world.venue.control('clear-faults', {});
      world.wire.clearFaults();
      return;
    case 'crash':
      if (action.at === undefined) world.die(action.downMs);
      else world.armCrash(action.at.what, action.at.n, action.at.after, action.downMs);
      return;
    case 'away':
      await world.leave('forMs' in action ? action.forMs : untilMidnightMs(world) - action.beforeMidnightMs);
      return;
    case 'restart':
      await world.restart(action.downMs, action.leaveOrders === true);
      return;
    case 'foreign':
      world.venue.placeByHand(action);
      return;
    case 'foreign_cancel':
      world.venue.cancelByHand(action.symbol);
      return;
    case 'foreign_amend':
      world.venue.amendByHand(action, (id) => world.gate?.core.state.orders.all.get(id)?.venueOrderId !== null);
      return;
    case 'partial':
      world.venue.fillPart(action.symbol, action.pick, action.fraction);
      return;
    case 'rules':
      world.venue.changeRules(action.symbol, action.rules);
      return;
    case 'halt_market':
      world.venue.haltMarket(action.symbol, action.forMs);
      return;
    case 'receiver':
    case 'routes':
    case 'test_alerts':
      actOnAlerts(world, step, action);
      return;
    case 'arm':
      await world.arm(action.forMs);
      return;
    case 'sign':
      world.sign(step, action.who);
      return;
    case 'weight':
      world.venue.useWeight(action.used);
      return;
    case 'rebase':
      world.operate(step, 'rebase', {}, (gate) => gate.rebase(OPERATOR, 'plan'));
      return;
    case 'release':
    case 'adopt':
    case 'dry_run':
    case 'erase':
    case 'acknowledge':
      actAsOperator(world, step, action);
      return;
    case 'end_signals':
      // Right after a start the list is refused: there is no time yet.
      world.operate(step, 'end_signals', {}, async (gate) => {
        await Promise.all(gate.getSignals().signals.map(({ signal_id: id }) => gate.endSignal(OPERATOR, id, 'plan')));
      });
      return;
    case 'transfer':
      world.venue.transfer(action.usdt, action.type ?? 'TRANSFER');
      return;
    case 'setting':
      world.venue.account.change(action.setting);
      return;
    case 'deleverage':
      world.venue.deleverage(action.symbol, action.fraction);
      return;
    case 'funding':
      world.venue.settleFunding(action.symbol, action.bps);
      return;
    case 'token':
      actOnTokens(world, step, action);
      return;
    case 'trouble':
      world.trouble(action.trouble);
      return;
    default:
      return;
  }
}

function untilMidnightMs({ time }: PlayedWorld): number {
  return DAY_MS - ((START_MS + time.nowMs) % DAY_MS);
}

/** Two operators take turns, so that a quorum comes about; what is refused is an answer. */
async function approve(
  { approvers }: PlayedWorld,
  gate: Gate,
  { isDenied, pick, times }: Action & { readonly kind: 'approve' },
): Promise<void> {
  const { approvals } = gate.getApprovals();
  const approval = approvals[pick % Math.max(1, approvals.length)];
  if (approval === undefined) return;
  const { approval_id: id, digest } = approval;
  const asked = Array.from({ length: times }, (_, index) => {
    if (isDenied === true) return gate.denyApproval(OPERATOR, id, 'plan');
    const by = APPROVERS[index % APPROVERS.length] ?? 'operator';
    return gate.approve({ ...OPERATOR, agent: by }, id, digest, approvers.proofOf(by));
  });
  for (const outcome of await Promise.allSettled(asked))
    if (outcome.status === 'rejected' && !isRefusal(outcome.reason)) throw outcome.reason;
}
function isRefusal(reason: unknown): boolean {
  return reason instanceof ApprovalError;
}
