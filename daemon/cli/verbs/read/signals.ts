import type { Command } from 'commander';
import type { SignalEntryBody, SignalsBody } from '../../../contract/types/operator.ts';
import { show } from '../../client/show.ts';
import { formatInstant, renderTable } from '../../render/tables.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io } from '../../verb.ts';

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
      const { end: id, reason } = options;
      if (id === undefined)
        await show(io, options, {
          ask: (client) => client.get<SignalsBody>('/v1/signals'),
          render: ({ signals }) => renderSignals(signals, 'ends (UTC)'),
        });
      else
        await show(io, options, {
          ask: (client) => client.post<SignalEntryBody>(`/v1/signals/${encodeURIComponent(id)}/end`, { reason }),
          render: (signal) => renderSignals([signal], 'ended (UTC)'),
        });
    });
}

function renderSignals(signals: readonly SignalEntryBody[], ends: string): string {
  const rows = signals.map((signal) => [
    signal.signal_id,
    signal.kind,
    [signal.account, signal.agent, signal.symbol].filter((name) => name !== null).join(' ') || 'everything',
    signal.severity,
    signal.set_by,
    formatInstant(signal.expires_at_ms),
  ]);
  return renderTable(['signal', 'kind', 'of', 'severity', 'set by', ends], rows, 'no signal is active');
}
