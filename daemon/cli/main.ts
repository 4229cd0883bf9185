#!/usr/bin/env node
import { runCli } from './run.ts';
import { createTerminal } from './terminal.ts';

// A reader such as `head` may close our output. That ends the verb and is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
// Of this process alone, and not of those that it starts (sd_listen_fds).
const env = { ...process.env };
for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete process.env[name];
process.exitCode = await runCli(process.argv.slice(2), {
  env,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  ...(process.stdout.isTTY
    ? { terminal: createTerminal(process.stdout, process.stdin, (process.env.NO_COLOR ?? '') !== '') }
    : {}),
});
