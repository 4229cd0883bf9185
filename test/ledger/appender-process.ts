/** Opens the ledger at argv[2], appends without end and prints the seq of every record that it knows to be durable. */
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { decision, ledgerOptions, note, placed } from './temp-ledger.ts';

const ledger = openLedger(ledgerOptions('', { path: process.argv[2] ?? '' }));

async function appendForever(): Promise<never> {
  for (;;) {
    const events = await ledger.append(placed(ledger, [note('x'.repeat(300)), decision()]));
    const lines = events.map(({ seq, hash }) => `${seq} ${hash}\n`).join('');
    await new Promise((written) => process.stdout.write(lines, written));
  }
}

await Promise.all(Array.from({ length: 8 }, appendForever));
