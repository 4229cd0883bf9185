import type { Command } from 'commander';
import type { SignalEntryBody, SignalsBody } from '../../../contract/types/operator.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, printJson } from '../../verb.ts';

interface SignalsOptions extends ConnectionOptions {
  readonly end?: string;
  readonly reason: string;
}

export function addSignals(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'signals',
    summary: 'List the active signals, or end one early',
    examples: ['signals', 'signals --end s-2f --reason "a false alarm"'],
  });
  addConnectionOptions(verb)
    .option('--end <id>', "end this one; on binance-live only after the policy's delay")
    .option('--reason <text>', 'why, for the record', 'by hand')
    .action(async (options: SignalsOptions) => {
      const { withClient } = await import('../../client/client.ts');
      const { end: id, reason } = options;
      const signals = await withClient(io, options, 'operator', async (client) =>
        id === undefined
          ? (await client.get<SignalsBody>('/v1/signals')).signals
          : [await client.post<SignalEntryBody>(`/v1/signals/${encodeURIComponent(id)}/end`, { reason })],
      );
      if (options.json === true) return printJson(io, id === undefined ? { signals } : signals[0]);
      const { formatInstant, renderTable } = await import('../../render/tables.ts');
      const rows = signals.map((signal) => [
        signal.signal_id,
        signal.kind,
        [signal.account, signal.agent, signal.symbol].filter((name) => name !== null).join(' ') || 'everything',
        signal.severity,
        signal.set_by,
        formatInstant(signal.expires_at_ms),
      ]);
      const ends = id === undefined ? 'ends (UTC)' : 'ended (UTC)';
      io.out(renderTable(['signal', 'kind', 'of', 'severity', 'set by', ends], rows, 'no signal is active'));
    });
}
