import type { Flatten } from '../engine/exits/flatten.ts';
import { watchExits } from '../engine/exits/slow-exits.ts';
import type { Authorities } from '../engine/guard/authorities.ts';
import type { Countdowns } from '../engine/guard/countdowns.ts';
import type { ExitBook } from '../engine/guard/exit-book.ts';
import type { Protection } from '../engine/guard/protection.ts';
import type { StandingOrders } from '../engine/guard/standing.ts';
import type { Begun, KeeperTasks } from '../engine/keeper/keeper-tasks.ts';
import type { CutReadings } from '../engine/protect/cut-readings.ts';
import type { Canceler } from '../engine/sending/cancels.ts';
import type { Resolver } from '../engine/sending/resolver.ts';
import { watchCancels, watchUnknown } from '../engine/sending/slow-orders.ts';
import { voidOrphans } from './calls/approvals.ts';
import type { GateCore } from './journal/journal.ts';
import type { Heartbeats } from './watch/heartbeats.ts';

/** Starts what nobody waits for; that it failed is an alert. */
export function startAlone(core: GateCore, code: string, task: () => Begun): void {
  const onFailure = (error: unknown): void => core.alertRarely(code, String(error));
  try {
    for (const started of task()) started.onEnd((end) => end.kind === 'failed' && onFailure(end.error));
  } catch (error) {
    onFailure(error);
  }
}

export function buildTasks(parts: {
  core: GateCore;
  resolver: Resolver;
  canceler: Canceler;
  authorities: Authorities;
  countdowns: Countdowns;
  heartbeats: Heartbeats;
  standing: StandingOrders;
  exits: ExitBook;
  endMisplaced: () => Begun;
  flatten: Flatten;
  protection: Protection;
  cuts: CutReadings;
  signal: AbortSignal;
}): KeeperTasks {
  const { core, resolver, canceler, authorities, countdowns, heartbeats, standing, exits } = parts;
  const { endMisplaced, flatten, protection, cuts, signal } = parts;
  const lookForUnknown = watchUnknown(core);
  const lookForSlowCancels = watchCancels(core);
  const lookForSlowExits = watchExits(core);
  return {
    retryCancels: () => {
      lookForUnknown();
      resolver.sweep();
      lookForSlowCancels();
      return canceler.retryUnproven();
    },
    endAuthorities: () => authorities.tick(),
    countdowns: () => countdowns.tick(),
    reviewStanding: () => {
      voidOrphans(core);
      heartbeats.tick();
      return [...standing.tick(), ...endMisplaced()];
    },
    exits: () => {
      exits.tick();
      if (!signal.aborted && !core.ports.ledger.isFailed) lookForSlowExits();
      return [];
    },
    flatten: () => flatten.tick(),
    protect: () => protection.tick(),
    cutBack: () => {
      const { collar_bps: collarBps } = core.policySpec.market;
      const confirmed = cuts.confirm(standing.findBreaches(), core.market.inputs(core.nowMs()), collarBps);
      return confirmed.map((breach) => core.begin(protection.cutBack(breach)));
    },
  };
}
