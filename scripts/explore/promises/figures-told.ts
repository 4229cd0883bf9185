import type { Gate } from '../../../daemon/driver/gate.ts';
import type { PlainEquity } from '../plain/plain-equity.ts';
import type { PlainPace } from '../plain/plain-pace.ts';
import type { PlainTrust } from '../plain/plain-trust.ts';
import { CENT, type Found, outside, unequal } from '../plain/told.ts';

const HOUR_MS = 3_600_000;
/** Up to so many readings of an hour are told one by one. */
const MAX_POINTS = 720;

interface Plain {
  readonly equity: PlainEquity;
  readonly pace: PlainPace;
  readonly trust: PlainTrust;
}

/** The figures that are told when somebody asks: at the end, by the same definitions as those of decisions. */
export function* compareReported(gate: Gate, { equity, pace, trust }: Plain): Generator<Found> {
  const nowMs = gate.core.nowMs();
  const { window_ms: windowMs } = gate.core.policySpec.account.drawdown;
  const account = gate.getAccount();
  if (!equity.isUnclear && account.equity_usdt !== null) {
    const net = equity.net(account.equity_usdt);
    yield* unequal('told-drawdown', account.drawdown, equity.drawdown(nowMs, net, windowMs));
    yield* unequal('told-daily-loss', account.daily_loss, equity.dailyLoss(nowMs, net));
    yield* compareHistory(gate, equity);
  }
  if (!pace.isUnvalued) {
    yield* outside('told-turnover', account.turnover_24h_usdt, pace.turnover(null, nowMs));
    yield* outside('told-fees', account.fees_24h_usdt, pace.fees(null, nowMs));
  }
  yield* unequal('told-signals', idsOf(gate.getSignals().signals), listed(trust.activeIds(nowMs)));
  const { layers, state } = gate.getTradingState();
  const reported = layers.map((layer) => `${layer.layer} ${layer.scope} ${layer.name ?? ''} ${layer.state}`);
  yield* unequal('told-state', state, trust.strictest(nowMs, null, ''));
  yield* unequal('told-layers', listed(reported), listed(trust.standing(nowMs)));
}

const listed = (names: readonly string[]): string => [...names].sort().join(', ');
const idsOf = (signals: readonly { readonly signal_id: string }[]): string =>
  listed(signals.map(({ signal_id: id }) => id));

/** The balance of the last hour is that of its readings. */
function* compareHistory(gate: Gate, equity: PlainEquity): Generator<Found> {
  const { points } = gate.getEquityHistory('hour');
  const last = points.at(-1);
  if (last === undefined) return;
  const balances = equity.balancesSince(last.at_ms - HOUR_MS);
  for (const { at_ms: atMs, equity_usdt: reported } of points) {
    // Of an instant there may be several.
    const read = balances.get(atMs);
    if (read?.every((balance) => Math.abs(reported - balance) > CENT))
      yield ['figure/told-equity', `${reported} at ${atMs}, by the records ${read.join(', ')}`];
  }
  const times = new Set(points.map(({ at_ms: atMs }) => atMs));
  const missing = [...balances.keys()].find((atMs) => atMs <= last.at_ms && !times.has(atMs));
  if (points.length < MAX_POINTS - 2 && missing !== undefined)
    yield ['figure/told-equity', `the reading of ${missing} is not told of`];
}
