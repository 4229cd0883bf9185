/** Opens the ledger at argv[2], appends twenty records one by one, and prints what became of each as JSON. */
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { ledgerOptions, note } from './temp-ledger.ts';

const APPENDS = 20;

const failures: string[] = [];
let isReserveReported = false;
const ledger = openLedger(
  ledgerOptions('', {
    path: process.argv[2] ?? '',
    onFailure: ({ code }) => failures.push(code),
    onReserveUsed: () => {
      isReserveReported = true;
    },
  }),
);
const seqs: number[] = [];
for (let i = 0; i < APPENDS && failures.length === 0; i += 1) {
  const { seqs: placed, committed } = ledger.appendNow([note(`record ${i}`)]);
  try {
    await committed;
    seqs.push(...placed);
  } catch {
    // Told by `onFailure`.
  }
}
process.stdout.write(JSON.stringify({ failures, isReserveReported, seqs }));
ledger.close();
