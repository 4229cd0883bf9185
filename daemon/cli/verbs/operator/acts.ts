import type { Command } from 'commander';
import type { HolderBody, TextsErasedBody } from '../../../contract/types/operator.ts';
import type { OrderBody } from '../../../contract/types/reads.ts';
import { show } from '../../client/show.ts';
import { renderFields } from '../../render/tables.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, parseCount } from '../../verb.ts';

interface ActOptions extends ConnectionOptions {
  readonly reason: string;
}
const WHY = ['--reason <text>', 'why, for the record', 'by hand'] as const;
const SYMBOL = ['<symbol>', 'such as BTCUSDT'] as const;

/** What an operator does to one symbol, order or text, with a reason for the record: asks, and shows the answer. */
function act<T>(
  io: Io,
  { reason, ...options }: ActOptions,
  [path, asked]: readonly [path: string, asked: object],
  render: (body: T) => string,
): Promise<void> {
  return show(io, options, { ask: (client) => client.post<T>(path, { ...asked, reason }), render });
}

export function addAdopt(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'adopt',
    summary: 'Give a symbol to an agent, with all that is held there',
    examples: ['adopt BTCUSDT --agent momentum --reason "bought by hand"'],
  });
  addConnectionOptions(verb)
    .argument(...SYMBOL)
    .requiredOption('--agent <name>', 'who holds it from now on')
    .option(...WHY)
    .action((symbol: string, { agent, ...options }: ActOptions & { readonly agent: string }) =>
      act<HolderBody>(io, options, [`/v1/symbols/${encodeURIComponent(symbol)}/adopt`, { agent }], (body) =>
        renderFields([
          ['symbol', body.symbol],
          ['held by', body.holder],
          ['quantity', body.quantity],
        ]),
      ),
    );
}

export function addRelease(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'release',
    summary: 'Take a symbol from its holder: cancels its openings there, and refuses new ones until the symbol is free',
    examples: ['release BTCUSDT --reason "it squats"', 'release BTCUSDT --for 60'],
  });
  addConnectionOptions(verb)
    .argument(...SYMBOL)
    .option('--for <minutes>', 'so long after the symbol is free, too', parseCount)
    .option(...WHY)
    .action((symbol: string, { for: minutes, ...options }: ActOptions & { readonly for?: number }) => {
      const asked = minutes === undefined ? {} : { for_ms: minutes * 60_000 };
      const after = minutes === undefined ? '' : `, and ${minutes} min after that`;
      return act<HolderBody>(io, options, [`/v1/symbols/${encodeURIComponent(symbol)}/release`, asked], (body) =>
        renderFields([
          ['symbol', body.symbol],
          ['held by', body.holder ?? 'nobody: it is free'],
          ['quantity', body.quantity],
          ['openings left', body.openings_left],
          ['opens nothing', `until the symbol is free${after}`],
        ]),
      );
    });
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
    .action((id: string, options: ActOptions) =>
      act<OrderBody>(io, options, [`/v1/orders/${encodeURIComponent(id)}/end`, {}], (body) =>
        renderFields([[body.client_order_id, body.status]]),
      ),
    );
}

export function addEraseText(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'erase-text',
    summary: 'Erase the free texts of a decision or a signal from the ledger; their digests stay',
    examples: ['erase-text d-7fc1c3-1r --reason "it named a customer"'],
  });
  addConnectionOptions(verb)
    .argument('<id>', 'id of a decision, or of a signal')
    .option(...WHY)
    .action((id: string, options: ActOptions) =>
      act<TextsErasedBody>(io, options, [`/v1/texts/${encodeURIComponent(id)}/erase`, {}], ({ erased }) =>
        erased.map((hash) => `erased: the text with the digest ${hash}\n`).join(''),
      ),
    );
}
