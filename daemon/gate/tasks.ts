import type { Flatten } from '../engine/exits/flatten.ts';
import { watchExits } from '../engine/exits/slow-exits.ts';
import type { Authorities } from '../engine/guard/authorities.ts';
import type { Countdowns } from '../engine/guard/countdowns.ts';
import type { ExitBook } from '../engine/guard/exit-book.ts';
import type { Protection } from '../engine/guard/protection.ts';
import type { StandingOrders } from '../engine/guard/standing.ts';
import type { CutReadings } from '../engine/protect/cut-readings.ts';
import type { Canceler } from '../engine/sending/cancels.ts';
import type { Resolver } from '../engine/sending/resolver.ts';
import { watchCancels, watchUnknown } from '../engine/sending/slow-orders.ts';
import { voidOrphans } from './calls/approvals.ts';
import { allEnded } from './journal/driver.ts';
import type { GateCore } from './journal/journal.ts';
import type { KeeperTasks, Started } from './keeper/keeper-tasks.ts';
import type { Heartbeats } from './watch/heartbeats.ts';

/** Starts what nobody waits for; that it failed is an alert. */
export function startAlone(core: GateCore, code: string, task: () => Started): void {
  const onFailure = (error: unknown): void => core.alertRarely(code, String(error));
  try {
    task()?.catch(onFailure);
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
  endMisplaced: () => Started;
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
      return allEnded(canceler.retryUnproven());
    },
    endAuthorities: () => allEnded(authorities.tick()),
    countdowns: () => allEnded(countdowns.tick()),
    reviewStanding: () => {
      voidOrphans(core);
      heartbeats.tick();
      const canceled = allEnded(standing.tick());
      const cut = endMisplaced();
      return canceled === null || cut === null ? (canceled ?? cut) : Promise.all([canceled, cut]);
    },
    exits: () => {
      exits.tick();
      if (!signal.aborted && !core.ports.ledger.isFailed) lookForSlowExits();
      return null;
    },
    flatten: () => allEnded(flatten.tick()),
    protect: () => allEnded(protection.tick()),
    cutBack: () => {
      const { collar_bps: collarBps } = core.policySpec.market;
      const confirmed = cuts.confirm(standing.findBreaches(), core.market.inputs(core.nowMs()), collarBps);
      return allEnded(confirmed.map((breach) => core.begin(protection.cutBack(breach))));
    },
  };
}
