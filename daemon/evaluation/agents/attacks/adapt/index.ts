import type { Attack, AttackDesk } from '../attack-desk.ts';
import type { Ploy } from '../episodes.ts';
import { AbuseExits } from './abuse-exits.ts';
import { AmendUp } from './amend-up.ts';
import { BisectCaps } from './bisect-caps.ts';
import { Race } from './race.ts';
import { RegimeBoundary } from './regime-boundary.ts';
import { RestForCrash } from './rest-for-crash.ts';
import { SplitOrder } from './split-order.ts';
import { StaleMarket } from './stale-market.ts';
import { SwitchDoor } from './switch-door.ts';
import { WaitOut } from './wait-out.ts';

/** ATK-ADAPT: attacks that read their answers. */
export function createPloy(ploy: Ploy, desk: AttackDesk): Attack {
  switch (ploy) {
    case 'bisect-caps':
      return new BisectCaps(desk);
    case 'split-order':
      return new SplitOrder(desk);
    case 'race':
      return new Race(desk);
    case 'wait-out':
      return new WaitOut(desk);
    case 'switch-door':
      return new SwitchDoor(desk);
    case 'amend-up':
      return new AmendUp(desk);
    case 'rest-for-crash':
      return new RestForCrash(desk);
    case 'abuse-exits':
      return new AbuseExits(desk);
    case 'stale-market':
      return new StaleMarket(desk);
    case 'regime-boundary':
      return new RegimeBoundary(desk);
  }
}
