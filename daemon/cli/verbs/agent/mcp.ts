import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Argument, type Command } from 'commander';
import { findPackageFolder, readManifest } from '../../../config/package.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io } from '../../verb.ts';

const HOSTS = ['claude', 'cursor', 'vscode', 'openclaw', 'codex'] as const;
type Host = (typeof HOSTS)[number];

export function addMcp(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'mcp',
    summary: 'Serve the Model Context Protocol on standard input and output, for a running daemon',
    examples: ['mcp', 'mcp config claude'],
  });
  addConnectionOptions(verb).action((options: ConnectionOptions) => serve(io, options));
  addVerb(verb, {
    usage: 'config',
    summary: 'Print the configuration to paste into a host',
    examples: ['mcp config claude', 'mcp config codex --token-file /path/to/agent.token'],
  })
    .addArgument(new Argument('<host>', 'whose configuration').choices(HOSTS))
    .action(async (host: Host, _own: object, command: Command) => {
      io.out(describeHost(host, await commandLine(io, command.optsWithGlobals<ConnectionOptions>())));
    });
}

/** Longest wait for the daemon before a client is served: with it the instructions name the venue. */
const FIRST_LOOK_MS = 2_000;

/** A host may start before the daemon: it is served at once, and its calls are refused until the daemon is there. */
async function serve(io: Io, options: ConnectionOptions): Promise<void> {
  const [{ createClient }, { AgentLink, isAbsence }, { createDaemonPort }, { serveOverStdio }] = await Promise.all([
    import('../../client/client.ts'),
    import('../../client/agent-link.ts'),
    import('../../client/mcp-port.ts'),
    import('../../../mcp/stdio.ts'),
  ]);
  const say = (text: string): void => io.err(`holdfast mcp: ${text}\n`);
  const link = new AgentLink(() => createClient(io, options, 'agent'));
  const over = new AbortController();
  try {
    const looked = link.reach().then(
      () => null,
      (error: Error) => error,
    );
    const refused = await Promise.race([looked, sleep(FIRST_LOOK_MS, null, { ref: false })]);
    if (refused !== null && !isAbsence(refused)) throw refused;
    void looked.then(
      (error) => error !== null && say(`${error.message} Its tools answer this until the daemon is there.`),
    );
    const server = await serveOverStdio(createDaemonPort(link, readManifest().version), (error) => say(error.message));
    const ended = new Promise<void>((done) => {
      process.stdin.once('close', done);
      process.stdin.once('end', done);
    });
    void link.await(over.signal);
    await ended;
    await server.close();
  } finally {
    over.abort();
    await link.close();
  }
}

interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
}
/**
 * Absolute paths and the daemon's address, so that it works from any folder and with any variables, and the token's file
 * instead of the token.
 */
async function commandLine(io: Io, options: ConnectionOptions): Promise<CommandLine> {
  const { findWay } = await import('../../client/daemon-place.ts');
  const { config, way } = findWay(io.env, options, 'agent');
  const { origin, socketPath } = way.place;
  if (socketPath === null && options.url === undefined && new URL(origin).port === '0')
    throw new CliError(EXIT.USAGE, 'HOLDFAST_PORT is 0, another port at each start. Set one, or give --url.');
  const tokenFile = resolve(options.tokenFile ?? join(config.home, 'tokens', 'agent.token'));
  if (!existsSync(tokenFile)) {
    const hint = 'Start the daemon once, or create a token with `./holdfast token create` and give --token-file.';
    throw new CliError(EXIT.USAGE, `There is no token file ${tokenFile}. ${hint}`);
  }
  const where = socketPath === null ? ['--url', origin] : ['--socket', socketPath];
  const script = join(findPackageFolder(), 'scripts', 'holdfast.mjs');
  const args = [script, 'mcp', ...where, '--home', config.home, '--token-file', tokenFile];
  return { command: process.execPath, args };
}

function describeHost(host: Host, line: CommandLine): string {
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  switch (host) {
    case 'claude':
    case 'cursor':
      return json({ mcpServers: { holdfast: line } });
    case 'vscode':
      return json({ servers: { holdfast: { type: 'stdio', ...line } } });
    case 'openclaw':
      return json({ mcp: { servers: { holdfast: line } } });
    case 'codex':
      return `[mcp_servers.holdfast]\ncommand = ${JSON.stringify(line.command)}\nargs = ${JSON.stringify(line.args)}\n`;
  }
}
