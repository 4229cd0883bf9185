import { randomUUID } from 'node:crypto';
import type { StateLayerBody, TradingStateBody } from '../../../contract/types/operator.ts';
import type { OrderBody } from '../../../contract/types/reads.ts';
import { profileOf } from '../../../core/venues.ts';
import type { DaemonAnswer } from '../../client/client.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import { formatNumber } from '../../render/tables.ts';
import { type Check, type Examined, type Finding, proven, refuted, unknown } from './finding.ts';

/** USDT: more than any policy permits. */
const HUGE_USDT = 10_000_000;
const REASON = 'doctor --exercise: lifted again at once';
const NOT_HALTED = 'the halt did not act, so nothing was sent';

/** The doors through which an agent's order could come, and the halt that closes them. */
export function doorChecks(examined: Examined): readonly Check[] {
  const { agent, config, isExercised } = examined;
  const order = hugeOrder(examined);
  const claim = (door: string): string => `${door} lets no order of 10,000,000 USDT pass`;
  const checks: Check[] = [
    {
      id: 'door_dry_run',
      claim: claim('the dry run'),
      run: async () => judgeSize(await agent.call('/v1/dry-run/place_order', order)),
    },
    {
      id: 'door_intercept',
      claim: claim('the intercept'),
      run: async () => judgeSize(await agent.call('/v1/intercept', { tool: 'place_order', args: order })),
    },
  ];
  // On live nothing may be sent that could become an order.
  if (profileOf(config.venue).isRealMoney) return checks;
  const exercise = isExercised ? exerciseOnce(examined, order) : null;
  const after = (read: (seen: Exercise) => Finding) => async (): Promise<Finding> =>
    exercise === null
      ? unknown('it could place an order that the policy has cut to size: --exercise asks while halted')
      : read(await exercise());
  return [
    ...checks,
    { id: 'door_http', claim: claim('HTTP'), run: after(({ asked }) => judgeRefusal(asked?.http)) },
    { id: 'door_mcp', claim: claim('MCP'), run: after(({ asked }) => judgeRefusal(asked?.mcp)) },
    {
      id: 'halt',
      claim: 'a halt acts, and is lifted again',
      run: async () => (exercise === null ? unknown('--exercise halts and lifts it') : judgeHalt(await exercise())),
    },
  ];
}

function hugeOrder({ policy }: Examined): object {
  const { scope } = policy.policy as { readonly scope: { readonly symbols: readonly string[] } };
  return {
    symbol: scope.symbols[0],
    intent: 'open',
    side: 'buy',
    requested_notional: HUGE_USDT,
    requested_leverage: 1,
    order_type: 'market',
    max_slippage_bps: 10,
    strategy_id: 'doctor',
  };
}

interface Reported {
  readonly decision: string;
  readonly notional: number | null;
  readonly reasons: readonly string[];
}
/** A decision in either view; null: it is none. */
function readDecision(body: unknown): Reported | null {
  const { decision, effective, reasons } = (body ?? {}) as Record<string, unknown>;
  if (typeof decision === 'object' && decision !== null) return readDecision(decision);
  if (typeof decision !== 'string') return null;
  const { notional } = (effective ?? {}) as { readonly notional?: number };
  const codes = Array.isArray(reasons) ? reasons.map((reason) => String(reason?.code ?? reason)) : [];
  return { decision, notional: notional ?? null, reasons: codes };
}
function describeAnswer({ body, status }: DaemonAnswer): string {
  const { error } = (body ?? {}) as { readonly error?: { readonly code: string; readonly message: string } };
  return error === undefined ? `HTTP ${status}` : `${error.code}: ${error.message}`;
}

/** Refused, or cut to a size that the policy allows. */
function judgeSize(answer: DaemonAnswer): Finding {
  const reported = answer.status === 200 ? readDecision(answer.body) : null;
  if (reported === null) return unknown(describeAnswer(answer));
  if (reported.decision === 'BLOCK') return proven(`refused: ${reported.reasons.join(', ')}`);
  if (reported.decision === 'LIMIT' && reported.notional !== null && reported.notional < HUGE_USDT)
    return proven(`cut to ${formatNumber(reported.notional, 2)} USDT`);
  return refuted(`${reported.decision} of ${reported.notional ?? '?'} USDT`);
}

function judgeRefusal(answer: DaemonAnswer | undefined): Finding {
  if (answer === undefined) return unknown(NOT_HALTED);
  const reported = answer.status === 200 ? readDecision(answer.body) : null;
  if (reported === null) return unknown(describeAnswer(answer));
  const codes = reported.reasons.join(', ');
  return reported.decision === 'BLOCK'
    ? proven(`refused while halted: ${codes}`)
    : refuted(`${reported.decision} while halted`);
}

interface Exercise {
  readonly halted: TradingStateBody;
  /** What a dry run met while halted. */
  readonly dryRun: DaemonAnswer;
  /** Null: the halt did not act, and no door was asked. */
  readonly asked: { readonly http: DaemonAnswer; readonly mcp: DaemonAnswer } | null;
  /** Null: what stands is somebody else's. */
  readonly lifted: TradingStateBody | null;
}

function judgeHalt({ dryRun, halted, lifted }: Exercise): Finding {
  if (halted.state !== 'halted') return refuted(`the trading state was ${halted.state} after a halt`);
  if (!isRefusedByHalt(dryRun))
    return refuted(`a dry run met ${readDecision(dryRun.body)?.decision ?? describeAnswer(dryRun)} while halted`);
  if (lifted === null)
    return unknown('halted and refused, and not lifted: somebody else, or a breaker, has set a state meanwhile');
  if (findHalt(lifted) !== undefined) return refuted('the halt was not lifted: run `./holdfast resume`');
  return proven(`halted, refused, and ${lifted.state} again`);
}
function isRefusedByHalt({ body }: DaemonAnswer): boolean {
  const reported = readDecision(body);
  return reported?.decision === 'BLOCK' && reported.reasons.includes('STATE_HALTED');
}
/** An operator who resumes the account lifts its breaker as well. */
const isLifted = ({ layer, scope, state }: StateLayerBody): boolean =>
  state !== 'active' && (layer === 'operator' || (layer === 'breaker' && scope === 'account'));
const findHalt = ({ layers }: TradingStateBody): StateLayerBody | undefined => layers.find(isLifted);

/**
 * Refuses where a halt could cost something, or would lift somebody else's.
 * @throws CliError REFUSED
 */
export async function refuseExercise({ config, operator }: Pick<Examined, 'config' | 'operator'>): Promise<void> {
  if (profileOf(config.venue).isRealMoney)
    throw new CliError(EXIT.USAGE, '--exercise halts: it is refused on binance-live.');
  const { orders } = await operator.get<{ readonly orders: readonly OrderBody[] }>('/v1/orders?open=true&limit=1');
  if (orders.length > 0)
    throw new CliError(EXIT.REFUSED, '--exercise is refused while orders are open: a halt would cancel them.');
  const standing = findHalt(await operator.get<TradingStateBody>('/v1/trading-state'));
  if (standing !== undefined)
    throw new CliError(
      EXIT.REFUSED,
      `--exercise is refused: ${standing.layer === 'breaker' ? 'a breaker' : `an operator's ${standing.state}`} stands (${standing.reason}), which it would lift.`,
    );
}

/** Halts, asks every door, and lifts it, however the doors answer. */
function exerciseOnce(examined: Examined, order: object): () => Promise<Exercise> {
  const { agent, operator } = examined;
  let done: Promise<Exercise> | null = null;
  const run = async (): Promise<Exercise> => {
    // Somebody may have halted since the first look.
    await refuseExercise(examined);
    const reason = `${REASON} (${randomUUID().slice(0, 8)})`;
    let seen: Omit<Exercise, 'lifted'>;
    let lifted: TradingStateBody | null;
    try {
      const halted = await operator.put<TradingStateBody>('/v1/trading-state', { state: 'halted', reason });
      const dryRun = await agent.call('/v1/dry-run/place_order', order);
      // RISK: where it is not the halt that refuses, nothing is sent that could become an order.
      const isHalted = halted.state === 'halted' && isRefusedByHalt(dryRun);
      const ask = async () => ({
        http: await agent.call('/v1/tools/place_order', order),
        mcp: await callMcp(agent, order),
      });
      seen = { halted, dryRun, asked: isHalted ? await ask() : null };
    } finally {
      lifted = await lift(examined, reason);
    }
    return { ...seen, lifted };
  };
  return () => {
    done ??= run();
    return done;
  };
}

/**
 * RISK: a person, or a breaker, may have stopped the account meanwhile, and must not be overruled: who resumes lifts both.
 * Null: what stands is not of this exercise alone.
 */
async function lift({ operator }: Examined, reason: string): Promise<TradingStateBody | null> {
  const now = await operator.get<TradingStateBody>('/v1/trading-state');
  const isOwn = ({ layer, reason: why, scope }: StateLayerBody): boolean =>
    layer === 'operator' && scope === 'account' && why === reason;
  const standing = now.layers.filter(isLifted);
  if (!standing.every(isOwn)) return null;
  if (standing.length === 0) return now;
  await operator.put('/v1/trading-state', { state: 'active', reason });
  return operator.get<TradingStateBody>('/v1/trading-state');
}

/** The decision in a tool's result. */
async function callMcp(agent: Examined['agent'], order: object): Promise<DaemonAnswer> {
  const answer = await agent.callMcp('tools/call', { name: 'place_order', arguments: order });
  const { result } = (answer.body ?? {}) as { readonly result?: { readonly structuredContent?: unknown } };
  return result?.structuredContent === undefined ? answer : { ...answer, body: result.structuredContent };
}
