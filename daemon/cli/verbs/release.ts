import type { Command } from 'commander';
import type { HolderBody } from '../../gate/api/operator.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, parseCount, printJson } from '../verb.ts';

interface ReleaseOptions extends ConnectionOptions {
  readonly for?: number;
  readonly reason: string;
}

export function addRelease(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'release',
    summary: 'Take a symbol from its holder: cancels its openings there, and refuses new ones until the symbol is free',
    examples: ['release BTCUSDT --reason "it squats"', 'release BTCUSDT --for 60'],
  });
  addConnectionOptions(verb)
    .argument('<symbol>', 'such as BTCUSDT')
    .option('--for <minutes>', 'so long after the symbol is free, too', parseCount)
    .option('--reason <text>', 'why, for the record', 'by hand')
    .action(async (symbol: string, options: ReleaseOptions) => {
      const { withClient } = await import('../client.ts');
      const { for: minutes, reason } = options;
      const asked = { reason, ...(minutes === undefined ? {} : { for_ms: minutes * 60_000 }) };
      const body = await withClient(io, options, 'operator', (client) =>
        client.post<HolderBody>(`/v1/symbols/${encodeURIComponent(symbol)}/release`, asked),
      );
      if (options.json === true) printJson(io, body);
      else {
        const { renderFields } = await import('../tables.ts');
        const after = minutes === undefined ? '' : `, and ${minutes} min after that`;
        io.out(
          renderFields([
            ['symbol', body.symbol],
            ['held by', body.holder ?? 'nobody: it is free'],
            ['quantity', body.quantity],
            ['openings left', body.openings_left],
            ['opens nothing', `until the symbol is free${after}`],
          ]),
        );
      }
    });
}
