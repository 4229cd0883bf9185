import { Checkpointer } from '../../daemon/boot/keep/checkpointer.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { ledgerOptions, note } from './temp-ledger.ts';

/** What a daemon does of it: records until a checkpoint is due, has it written, and goes on. It is killed meanwhile. */
const [, , path = '', folder = ''] = process.argv;
const ledger = openLedger(ledgerOptions('', { path }));
const log = { info: () => {}, warn: () => {} };
const now = (): number => 0;
const checkpoints = new Checkpointer({ ledger, folder, fromSeq: ledger.lastSeq(), everyRecords: 1, now, log });
ledger.appendSync([note('one is due')]);
setInterval(() => void checkpoints, 1_000);
