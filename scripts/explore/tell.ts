import type { Breach } from './breach.ts';
import { at } from './breach.ts';
import { START_MS } from './market.ts';
import { type Action, PLAIN_SETUP, type Plan, type Trouble } from './plan.ts';
import type { PlayedWorld } from './played-world.ts';

/** A plan as a person reads it: one line a step. */
export function tellPlan(plan: Plan): readonly string[] {
  const { setup } = plan;
  const differs = Object.entries(setup).filter(
    ([key, value]) =>
      key !== 'settleMs' && JSON.stringify(value) !== JSON.stringify(PLAIN_SETUP[key as keyof typeof PLAIN_SETUP]),
  );
  const lines =
    differs.length === 0 ? [] : [`(${differs.map(([key, value]) => `${key} ${JSON.stringify(value)}`).join(', ')})`];
  for (const { gap, do: action } of plan.steps) {
    const when =
      gap === 'parallel'
        ? 'in the same turn'
        : gap === 'answered'
          ? 'once answered'
          : gap === 0
            ? 'at once'
            : typeof gap === 'object'
              ? `${gap.ms} ms after the ${gap.asked} is asked for`
              : `${gap} ms later`;
    lines.push(`${when}: ${tellAction(action)}`);
  }
  return lines;
}

function tellAction(action: Action): string {
  switch (action.kind) {
    case 'open': {
      const { agent, side, usdt, symbol, limitBps, validForMs, kind: _kind, ...more } = action;
      const said = Object.keys(more).length === 0 ? '' : ` ${JSON.stringify(more)}`;
      return `${agent} opens: ${side} ${usdt} USDT of ${symbol}${limitBps === undefined ? '' : `, limit ${limitBps} bps from the mark`}${validForMs === undefined ? '' : `, valid for ${validForMs} ms`}${said}`;
    }
    case 'close': {
      const { agent, symbol, fraction, slippageBps } = action;
      return `${agent} close_position ${symbol}${fraction === undefined ? '' : ` {fraction: ${fraction}}`}${slippageBps === undefined ? '' : ` within ${slippageBps} bps`}`;
    }
    case 'exit': {
      const { agent, symbol, share, places, limitBps } = action;
      const form =
        limitBps === undefined ? 'market' : `limit ${limitBps} bps ${limitBps > 0 ? 'past' : 'off'} the mark`;
      const said = places === undefined ? '' : `, as a quantity of ${places} decimals`;
      return `${agent} place_order close ${share * 100} % of its ${symbol}, ${form}${said}`;
    }
    case 'ladder':
      return `${action.agent} places ${action.count} take-profits of one lot of ${action.symbol} at distinct prices`;
    case 'amend':
      return `${action.agent} modify_order ${whoseOrder(action)}: ${JSON.stringify({ limitBps: action.limitBps, factor: action.factor })}`;
    case 'cancel':
      return `${action.agent} cancel_order ${whoseOrder(action)}`;
    case 'cancel_all':
      return `${action.agent} cancel_all ${action.symbol ?? ''}`.trim();
    case 'repeat':
      return `${action.agent} repeats its last call, same request id`;
    case 'state':
      return `operator sets ${action.state} ${action.symbol ?? action.agent ?? 'for the account'}`;
    case 'flatten':
      return `operator flattens ${action.symbol ?? 'everything'}`;
    case 'signal':
      return `signal ${action.signal} for ${action.ttlMs} ms ${action.agent ?? action.symbol ?? ''}`.trim();
    case 'approve':
      return `people ${action.isDenied === true ? 'deny' : 'approve'} approval ${action.pick}, ${action.times} at once`;
    case 'approver':
      return `${action.who}, who approves, ${action.what === 'end' ? 'is trusted no more' : `has another ${action.what}`}`;
    case 'policy':
      return `operator saves policy ${action.edit}${action.isLeft === true ? ', and leaves it pending' : ''}`;
    case 'receiver':
      return `who receives alerts of ${action.channel}: ${action.answer} for ${action.forMs} ms`;
    case 'routes':
      return `operator saves alert routes ${action.edit}${action.isAccepted === true ? ', and accepts them' : ''}`;
    case 'test_alerts':
      return 'operator has each channel tested';
    case 'arm':
      return `the daemon is stopped, armed for ${action.forMs} ms, and started`;
    case 'sign':
      return `${action.who} signs the arming, and accepts what is pending`;
    case 'mark':
      return `${action.symbol} moves ${action.bps} bps`;
    case 'spread':
      return `quotes of ${action.symbol}: ${action.bps} bps from each other`;
    case 'depth':
      return `${action.symbol} has ${action.usdt} USDT a level`;
    case 'fault':
      return `the exchange: ${JSON.stringify(action.fault)}`;
    case 'wire':
      return `the wire: ${JSON.stringify(action.wire)}`;
    case 'clear_faults':
      return 'faults are over';
    case 'crash':
      return `the process dies${action.at === undefined ? '' : ` ${action.at.after ? 'after' : 'before'} ${action.at.what} ${action.at.n} from now`}, down ${action.downMs} ms`;
    case 'away':
      return `the process dies, and the daemon is away ${'forMs' in action ? `for ${Math.round(action.forMs / 60_000)} min` : `until ${action.beforeMidnightMs} ms before midnight`}`;
    case 'restart':
      return `the daemon is restarted, down ${action.downMs} ms`;
    case 'foreign': {
      const { side, lots, symbol, limitBps, reduceOnly } = action;
      return `the owner trades by hand: ${side} ${lots} lots of ${symbol}${limitBps === undefined ? '' : `, limit ${limitBps} bps from the mark`}${reduceOnly === true ? ', reduceOnly' : ''}`;
    }
    case 'foreign_cancel':
      return `the owner cancels all orders in ${action.symbol} by hand`;
    case 'foreign_amend':
      return `the owner changes an order in ${action.symbol} by hand: to ${action.lots} lots, by ${action.bps} bps (order ${action.pick})`;
    case 'partial':
      return `the market fills ${Math.round(action.fraction * 100)} % of what rests in ${action.symbol} (order ${action.pick})`;
    case 'rules':
      return `the exchange changes ${action.symbol}: ${JSON.stringify(action.rules)}`;
    case 'halt_market':
      return `the exchange halts ${action.symbol} for ${action.forMs} ms`;
    case 'weight':
      return `others at the address use ${action.used} of the request weight`;
    case 'rebase':
      return 'operator: drawdown is measured anew';
    case 'release':
      return `operator releases ${action.symbol}, and for ${action.forMs} ms after it is free`;
    case 'adopt':
      return `operator has ${action.agent} adopt ${action.symbol}`;
    case 'dry_run':
      return `${action.agent} asks for ${action.isIntercepted === true ? 'an opinion' : 'a dry run'}: ${action.side} ${action.usdt} USDT of ${action.symbol}`;
    case 'erase':
      return `operator erases the texts of ${action.agent}'s last call that has one`;
    case 'acknowledge':
      return 'operator acknowledges the newest alert';
    case 'end_signals':
      return 'operator: active signals are ended';
    case 'transfer':
      return `${Math.abs(action.usdt)} USDT are transferred ${action.usdt < 0 ? 'out' : 'in'}${action.type === undefined ? '' : ` (${action.type})`}`;
    case 'setting':
      return `a person sets at the exchange: ${JSON.stringify(action.setting)}`;
    case 'deleverage':
      return `the exchange closes ${Math.round(action.fraction * 100)} % of the position in ${action.symbol} by itself`;
    case 'funding':
      return `funding of ${action.symbol} is settled at ${action.bps} bps`;
    case 'flood':
      return `${action.agent} makes ${action.count} calls in one turn: ${FLOODS[action.what]}`;
    case 'token':
      return tellToken(action);
    case 'trouble':
      return tellTrouble(action.trouble);
    case 'wait':
      return 'nothing';
  }
}

const FLOODS = {
  scope: 'out of scope',
  repeat: 'the same request',
  nothing: 'exits of what it does not hold',
} as const;

function whoseOrder({ agent, of = agent, pick }: Extract<Action, { readonly kind: 'amend' | 'cancel' }>): string {
  return `${of === agent ? 'its' : of === 'nobody' ? "nobody's" : `${of}'s`} order ${pick}`;
}

function tellToken(action: Extract<Action, { readonly kind: 'token' }>): string {
  const { agent } = action;
  switch (action.what) {
    case 'create':
      return `a token of ${agent} is created (${action.by})${action.ttlMs === undefined ? '' : `, which expires ${action.ttlMs} ms later`}`;
    case 'rotate':
      return `the tokens of ${agent} are rotated: the former ones end ${action.overlapMs} ms later`;
    case 'revoke':
      return `${action.pick === 'all' ? 'all tokens' : `token ${action.pick}`} of ${agent}: revoked (${action.by})`;
    case 'use':
      return `${agent} calls with its token ${action.pick} from now on`;
  }
}

function tellTrouble(trouble: Trouble): string {
  switch (trouble.kind) {
    case 'disk_full':
      return `the disk is full for ${trouble.forMs} ms`;
    case 'disk_hangs':
      return `the disk of the ledger hangs for ${trouble.forMs} ms`;
    case 'read_only':
      return `the file system of the ledger is read-only for ${trouble.forMs} ms`;
    case 'failing_table':
      return `table ${trouble.table} of the ledger cannot be written for ${trouble.forMs} ms`;
    case 'clock':
      return `the clock of the machine jumps by ${trouble.ms} ms`;
    case 'copy':
      return 'the file of the ledger is copied, and a token that is in it is revoked';
    case 'restored':
      return `the process dies, the copy of the ledger is put back${trouble.withHead === true ? ' with its head file' : ''}, down ${trouble.downMs} ms`;
    case 'second_daemon':
      return `a daemon of another home runs on the account for ${trouble.forMs} ms, and is asked to open ${trouble.opens ?? 0} times${trouble.volleyMs === undefined ? '' : ` at once, after ${trouble.volleyMs} ms`}`;
  }
}

export function tellBreach({ code, detail }: Breach): string {
  return `${code}: ${detail}`;
}

/** What happened in a world, line by line: calls, orders, fills, alerts and states, in order. */
export function tellWorld(world: PlayedWorld): readonly string[] {
  const lines: { readonly atMs: number; readonly text: string }[] = [];
  for (const call of world.calls) {
    lines.push({
      atMs: call.askedAtMs,
      text: `> ${call.agent} ${call.tool} ${JSON.stringify(call.args)} (step ${call.step})`,
    });
    if (call.answeredAtMs === null) continue;
    const { answer } = call;
    const said =
      answer === null
        ? `${call.outcome} ${call.detail ?? ''}`
        : `${answer.decision.decision} ${answer.decision.decision_id} ${answer.decision.reasons.map((reason) => reason.code).join(',')} -> ${answer.execution.state} ${answer.execution.orders.map((order) => `${order.client_order_id} ${order.status} ${order.filled_quantity}/${order.quantity}`).join('; ')} ${answer.execution.note ?? ''}`;
    lines.push({ atMs: call.answeredAtMs, text: `< step ${call.step}: ${said}` });
  }
  for (const { atMs, what, symbol, clientId } of world.venue.hands)
    lines.push({ atMs, text: `  by hand: ${what} ${symbol ?? ''} ${clientId ?? ''}` });
  for (const { what, askedAtMs, answeredAtMs, failure, symbol, agent } of world.operatorCalls) {
    lines.push({ atMs: askedAtMs, text: `> operator ${what} ${symbol ?? ''} ${agent ?? ''}` });
    if (answeredAtMs !== null || failure !== null)
      lines.push({ atMs: answeredAtMs ?? askedAtMs, text: `< operator ${what} ${failure ?? ''}` });
  }
  for (const { method, path, clientId, params, sentAtMs, servedAtMs, status, answeredAtMs, failure } of world.wire
    .records) {
    const what = `${method} ${path} ${clientId ?? ''} ${params.text('side') ?? ''} ${params.text('quantity') ?? ''} ${params.text('price') ?? ''} ${params.text('reduceOnly') ?? ''}`;
    lines.push({
      atMs: sentAtMs,
      text: `  wire ${what.trim()} served ${servedAtMs === null ? 'never' : at(servedAtMs)}, ${status ?? failure ?? 'no answer'} ${answeredAtMs === null ? '' : at(answeredAtMs)}`,
    });
  }
  for (const trade of world.exchange.world.state.trades)
    lines.push({
      atMs: trade.timeMs - START_MS,
      text: `  fill ${trade.clientOrderId} ${trade.side} ${Number(trade.quantity) / 1e8} at ${Number(trade.price) / 1e8}; position ${Number(trade.positionAfter) / 1e8}`,
    });
  for (const event of world.ledger.iterateEvents()) {
    if (['genesis', 'market', 'rules', 'account', 'trade', 'leverage'].includes(event.kind)) continue;
    const text = event.kind === 'decision' ? tellDecision(event.payload) : JSON.stringify(event.payload);
    lines.push({ atMs: event.at_ms - START_MS, text: `  #${event.seq} ${event.kind} ${text}` });
  }
  lines.sort((a, b) => a.atMs - b.atMs);
  return lines.map(({ atMs, text }) => `${at(atMs).padStart(10)} ${text}`);
}

function tellDecision(payload: unknown): string {
  const { decision, orders, parent_decision_id } = payload as {
    readonly decision: {
      readonly decision: string;
      readonly decision_id: string;
      readonly kind: string;
      readonly agent: string;
    };
    readonly orders: readonly {
      readonly client_order_id: string;
      readonly quantity_e8: number;
      readonly delay_ms: number;
    }[];
    readonly parent_decision_id: string | null;
  };
  const planned = orders
    .map((order) => `${order.client_order_id} ${order.quantity_e8 / 1e8} +${order.delay_ms} ms`)
    .join('; ');
  return `${decision.kind} ${decision.decision} ${decision.decision_id} of ${decision.agent}${parent_decision_id === null ? '' : ` for ${parent_decision_id}`}: ${planned}`;
}
