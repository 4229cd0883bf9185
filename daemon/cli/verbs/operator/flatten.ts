import { join } from 'node:path';
import type { Command } from 'commander';
import { readVenueEnv, type VenueEnv } from '../../../config/config.ts';
import type { FlattenBody } from '../../../contract/types/operator.ts';
import { findRunningDaemon } from '../../client/running-daemon.ts';
import { show } from '../../client/show.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import { renderTable } from '../../render/tables.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, placeFlags, printJson } from '../../verb.ts';

interface FlattenOptions extends ConnectionOptions {
  readonly reason: string;
  readonly emergency?: boolean;
  readonly venue?: string;
}

export function addFlatten(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'flatten',
    summary: 'Halt, cancel every opening order and close every position',
    examples: ['flatten --reason "enough for today"', 'flatten ETHUSDT', 'flatten --emergency --venue binance-live'],
  });
  addConnectionOptions(verb)
    .argument('[symbols...]', 'these only')
    .option('--reason <text>', 'why, for the record', 'by hand')
    .option('--emergency', 'without daemon and ledger, with the keys of the venue alone; stop the daemon first')
    .option(
      '--venue <name>',
      'venue of --emergency (HOLDFAST_VENUE); paper: at HOLDFAST_PAPER_URL, else at the address in the home folder',
    )
    .action(async (symbols: readonly string[], options: FlattenOptions) => {
      const wanted = symbols.length === 0 ? null : symbols;
      if (options.emergency === true) return flattenWithoutDaemon(io, wanted, options);
      if (options.venue !== undefined) throw new CliError(EXIT.USAGE, '--venue belongs to --emergency.');
      return flattenByDaemon(io, wanted, options);
    });
}

async function flattenByDaemon(io: Io, symbols: readonly string[] | null, options: FlattenOptions): Promise<void> {
  const request = { reason: options.reason, ...(symbols === null ? {} : { symbols }) };
  await show(io, options, {
    ask: (client) => client.post<FlattenBody>('/v1/flatten', request),
    render: ({ note, positions_left: left }) => {
      const rows = left.map(({ symbol, quantity }) => [symbol, quantity]);
      return `${note}\n${rows.length > 0 ? renderTable(['symbol', 'quantity left'], rows, '') : ''}`;
    },
    exitCode: ({ canceled, positions_left: left }) => (canceled && left.length === 0 ? EXIT.OK : EXIT.FAILURE),
  });
}

async function flattenWithoutDaemon(io: Io, symbols: readonly string[] | null, options: FlattenOptions): Promise<void> {
  const env = readVenueEnv(io.env, placeFlags(options));
  await requireExchange(env);
  // RISK: an account that was closed elsewhere says nothing about this one.
  io.err(`holdfast: at ${env.venue}, the account of its key${env.paperUrl === null ? '' : `, ${env.paperUrl}`}\n`);
  warnOfDaemon(io, env);
  const { flattenEmergency } = await import('../../local/emergency-flatten.ts');
  const report = await flattenEmergency(env, { symbols, say: (line) => io.err(`${line}\n`) });
  // One may have started meanwhile, and it stands at the end for whoever reads no more than that.
  warnOfDaemon(io, env);
  if (options.json === true) printJson(io, { venue: env.venue, ...report });
  else if (report.is_flat) io.out(`${env.venue}: no order and no position is left\n`);
  else {
    const orders = report.orders_left.map((order) => [order.symbol, `order ${order.client_order_id}`]);
    const positions = report.positions_left.map((position) => [position.symbol, `position of ${position.quantity}`]);
    const odd = (report.not_readable ?? []).map((row) => [
      row.symbol,
      `${row.what} that cannot be read: ${row.detail}`,
    ]);
    const unlisted = (report.not_listed ?? []).map((symbol) => [symbol, 'no such symbol at the venue: not looked at']);
    io.out(
      `${env.venue}:\n${renderTable(['symbol', 'LEFT'], [...orders, ...positions, ...odd, ...unlisted], 'not known')}`,
    );
  }
  io.exit(report.is_flat ? EXIT.OK : EXIT.FAILURE);
}

const ANSWER_WITHIN_MS = 3000;

/** The address that a start left behind helps only while the exchange answers there. @throws CliError */
async function requireExchange({ paperUrl, paperUrlFile }: VenueEnv): Promise<void> {
  if (paperUrlFile === null) return;
  try {
    const answer = await fetch(`${paperUrl}/fapi/v1/time`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    const body = (await answer.json()) as { readonly serverTime?: unknown };
    if (typeof body.serverTime === 'number') return;
  } catch {
    // Told below, as an answer of something else is.
  }
  throw new CliError(
    EXIT.USAGE,
    `No exchange answers at ${paperUrl} (from ${paperUrlFile}). Set HOLDFAST_PAPER_URL to the address of the simulated exchange; it runs inside the daemon unless it was started alone.`,
  );
}

/** Only warns, never refuses: the caller may have no other way out. */
function warnOfDaemon(io: Io, { home, venue }: VenueEnv): void {
  const pid = findRunningDaemon(join(home, venue));
  if (pid === null) return;
  io.err(
    `warning: a daemon (pid ${pid}) seems to run on ${join(home, venue)}. It does not know of this and may open again. Halt or stop it.\n`,
  );
}
