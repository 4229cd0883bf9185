import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import { backUpLedger } from '../../daemon/ledger/verify/backup.ts';

/** Backs a ledger up; its parent ends it on the way. */
const [, , path = '', target = ''] = process.argv;
const reader = openLedgerReader(path);
backUpLedger(reader, target);
reader.close();
