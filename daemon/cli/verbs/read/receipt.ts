import type { Command } from 'commander';
import type { Receipt } from '../../../contract/receipt.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, parseCount, printJson } from '../../verb.ts';

interface ReceiptOptions extends ConnectionOptions {
  readonly head?: number;
}

export function addReceipt(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'receipt',
    summary: 'Print the receipt of a decision, which anybody can verify offline',
    examples: ['receipt d-4f1c2a-1b2 > receipt.json', 'receipt d-4f1c2a-1b2 --head 12'],
  });
  addConnectionOptions(verb)
    .argument('<decision>', 'its decision_id')
    .option('--head <number>', 'prove it to this signed head (else the last)', parseCount)
    .action(async (id: string, options: ReceiptOptions) => {
      const { withClient } = await import('../../client/client.ts');
      const query = options.head === undefined ? '' : `?head=${options.head}`;
      const path = `/v1/decisions/${encodeURIComponent(id)}/receipt${query}`;
      printJson(io, await withClient(io, options, 'operator', (client) => client.get<Receipt>(path)));
    });
}
