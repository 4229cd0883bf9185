import { messageOf } from '../../ledger/errors.ts';
import { type CheckpointTask, takeCheckpoint } from './take-checkpoint.ts';

/**
 * In a process of its own: the daemon's shares neither its views, its time nor its memory. It writes what the chain is to
 * say of the checkpoint on its standard output.
 */
const [, , reported = ''] = process.argv;
const { parentPid, ...task } = JSON.parse(reported) as CheckpointTask & { readonly parentPid: number };
// A terminal's Ctrl-C, and a service manager's SIGTERM, reach this one too. The daemon says when it ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
// A daemon that was killed can say nothing: its child has another parent from then on.
const requireDaemon = (): void => {
  if (process.ppid !== parentPid) throw new Error('the daemon has ended');
};
try {
  process.stdout.write(JSON.stringify(takeCheckpoint(task, requireDaemon)));
} catch (error) {
  process.stderr.write(messageOf(error));
  process.exitCode = 1;
}
