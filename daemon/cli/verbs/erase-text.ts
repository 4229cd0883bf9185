import type { Command } from 'commander';
import type { TextsErasedBody } from '../../gate/api/operator.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, printJson } from '../verb.ts';

interface EraseTextOptions extends ConnectionOptions {
  readonly reason: string;
}

export function addEraseText(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'erase-text',
    summary: 'Erase the free texts of a decision or a signal from the ledger; their digests stay',
    examples: ['erase-text d-7fc1c3-1r --reason "it named a customer"'],
  });
  addConnectionOptions(verb)
    .argument('<id>', 'id of a decision, or of a signal')
    .option('--reason <text>', 'why, for the record', 'by hand')
    .action(async (id: string, options: EraseTextOptions) => {
      const { withClient } = await import('../client.ts');
      const body = await withClient(io, options, 'operator', (client) =>
        client.post<TextsErasedBody>(`/v1/texts/${encodeURIComponent(id)}/erase`, { reason: options.reason }),
      );
      if (options.json === true) return printJson(io, body);
      io.out(body.erased.map((hash) => `erased: the text with the digest ${hash}\n`).join(''));
    });
}
