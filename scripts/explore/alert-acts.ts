import type { AlertAct } from './plan-acts.ts';
import type { PlayedWorld } from './played-world.ts';
import { urlOf } from './receivers.ts';
import { OPERATOR } from './records.ts';

/** What receivers of alerts do, and an operator with the file of their routes. */
export function actOnAlerts(world: PlayedWorld, step: number, action: AlertAct): void {
  const { receivers } = world;
  if (receivers === null) return;
  switch (action.kind) {
    case 'receiver':
      receivers.breakDown(urlOf(action.channel), action.answer, action.forMs);
      return;
    case 'routes':
      receivers.save(action.edit, world.gate);
      if (action.isAccepted !== true) return;
      world.operate(step, 'routes', {}, async (gate) => {
        const waiting = await gate.reloadAlertRoutes(OPERATOR, null);
        if (waiting.status === 'pending') await gate.reloadAlertRoutes(OPERATOR, waiting.hash);
      });
      return;
    case 'test_alerts':
      world.operate(step, 'test_alerts', {}, async (gate) => {
        gate.getAlertChannels();
        await gate.testAlerts(OPERATOR, null);
      });
  }
}
