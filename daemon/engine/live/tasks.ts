import type { Heartbeats } from '../calls/heartbeats.ts';
import { voidOrphans } from '../calls/orphans.ts';
import type { Flatten } from '../exits/flatten.ts';
import { watchExits } from '../exits/slow-exits.ts';
import type { LiveCore } from '../flow/core.ts';
import type { Authorities } from '../guard/authorities.ts';
import type { Countdowns } from '../guard/countdowns.ts';
import type { ExitBook } from '../guard/exit-book.ts';
import type { Protection } from '../guard/protection.ts';
import type { StandingOrders } from '../guard/resting-openings.ts';
import type { Begun, KeeperTasks } from '../keeper/keeper-tasks.ts';
import type { CutReadings } from '../protect/cut-readings.ts';
import type { Canceler } from '../sending/cancels.ts';
import type { Resolver } from '../sending/resolver.ts';
import { watchCancels, watchUnknown } from '../sending/slow-orders.ts';

/** Starts what nobody waits for; that it failed is an alert. */
export function startAlone(core: LiveCore, code: string, task: () => Begun): void {
  const onFailure = (error: unknown): void => core.alertRarely(code, String(error));
  try {
    for (const started of task()) started.onEnd((end) => end.kind === 'failed' && onFailure(end.error));
  } catch (error) {
    onFailure(error);
  }
}

export function buildTasks(parts: {
  core: LiveCore;
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
}): KeeperTasks {
  const { core, resolver, canceler, authorities, countdowns, heartbeats, standing, exits } = parts;
  const { endMisplaced, flatten, protection, cuts } = parts;
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
      if (!core.isStopping() && !core.ports.ledger.isFailed) lookForSlowExits();
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
