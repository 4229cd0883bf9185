import type { Command } from 'commander';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io } from '../../verb.ts';

interface WatchOptions extends ConnectionOptions {
  readonly once?: boolean;
}

export function addWatch(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'watch',
    summary: 'Show state, money, positions, orders, alerts and decisions on one live screen',
    examples: ['watch', 'watch --once'],
  });
  addConnectionOptions(verb)
    .option('--once', 'print one screen and end')
    .addHelpText(
      'after',
      '\nq or Ctrl-C ends it. Without a terminal it prints a line whenever something changes; with --json one object a reading.',
    )
    .action(async (options: WatchOptions) => {
      const { showOnce, watch } = await import('../../watch/watch.ts');
      io.exit(options.once === true ? await showOnce(io, options) : await watch(io, options));
    });
}
