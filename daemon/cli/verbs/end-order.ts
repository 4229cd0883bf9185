import type { Command } from 'commander';
import type { OrderBody } from '../../gate/api/reads.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, printJson } from '../verb.ts';

interface EndOrderOptions extends ConnectionOptions {
  readonly reason: string;
}

export function addEndOrder(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'end-order',
    summary: 'Give up a lost order that is not at the venue: releases its reservation and opens its symbol',
    examples: ['end-order hf1a2b3c7k-0-0 --reason "the venue\'s support says it was never placed"'],
  });
  addConnectionOptions(verb)
    .argument('<id>', 'client_order_id of an order whose status is lost')
    .option('--reason <text>', 'what is known about it, for the record', 'by hand')
    .action(async (id: string, options: EndOrderOptions) => {
      const { withClient } = await import('../client.ts');
      const body = await withClient(io, options, 'operator', (client) =>
        client.post<OrderBody>(`/v1/orders/${encodeURIComponent(id)}/end`, { reason: options.reason }),
      );
      if (options.json === true) printJson(io, body);
      else {
        const { renderFields } = await import('../tables.ts');
        io.out(renderFields([[body.client_order_id, body.status]]));
      }
    });
}
