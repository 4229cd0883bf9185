import type { Command } from 'commander';
import type { AlertsBody } from '../../contract/types/reads.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, parseCount, printJson } from '../verb.ts';

interface AlertsOptions extends ConnectionOptions {
  readonly limit: number;
}

/** `alerts`, below which cli/local/alerts.ts puts what is about their delivery. */
export function addAlertList(program: Command, io: Io): Command {
  const verb = addVerb(program, {
    usage: 'alerts',
    summary: 'List the last alerts; older ones: `audit export --kind alert`',
    examples: ['alerts', 'alerts --limit 100 --json'],
  });
  return addConnectionOptions(verb)
    .option('--limit <n>', 'how many, at most 1000', parseCount, 20)
    .action(async (options: AlertsOptions) => {
      const { withClient } = await import('../client/client.ts');
      const body = await withClient(io, options, 'operator', (client) =>
        client.get<AlertsBody>(`/v1/alerts?limit=${options.limit}`),
      );
      if (options.json === true) return printJson(io, body);
      const { formatInstant, renderTable } = await import('../render/tables.ts');
      const rows = body.alerts.map(({ at_ms, code, symbol, detail }) => [formatInstant(at_ms), code, symbol, detail]);
      io.out(renderTable(['time (UTC)', 'alert', 'symbol', 'what happened'], rows, 'no alerts'));
    });
}
