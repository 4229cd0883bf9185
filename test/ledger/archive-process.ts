import { archiveLedger } from '../../daemon/boot/keep/archive-ledger.ts';
import { countedDisk } from './counted-disk.ts';

/** Archives a ledger, and is killed ahead of one of its writes. */
const [, , path = '', cutoffMs = '', segment = '', killAt = ''] = process.argv;
let writes = 0;
await archiveLedger({
  path,
  cutoffMs: () => Number(cutoffMs),
  headFile: null,
  segmentRecords: Number(segment),
  ...countedDisk(() => {
    writes += 1;
    if (writes === Number(killAt)) process.kill(process.pid, 'SIGKILL');
  }),
});
