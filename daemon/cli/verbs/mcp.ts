import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Argument, type Command } from 'commander';
import { findPackageFolder, readClientEnv } from '../../config/config.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io } from '../verb.ts';

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
    .action((host: Host, _own: object, command: Command) => {
      io.out(describeHost(host, commandLine(io, command.optsWithGlobals<ConnectionOptions>())));
    });
}

async function serve(io: Io, options: ConnectionOptions): Promise<void> {
  const { createClient } = await import('../client.ts');
  const { createDaemonPort, readVenue } = await import('../mcp-port.ts');
  const { serveOverStdio } = await import('../../mcp/stdio.ts');
  const client = createClient(io, options, 'agent');
  try {
    await client.requireAgent();
    const port = createDaemonPort(client, readVersion(), await readVenue(client));
    const server = await serveOverStdio(port, (error) => io.err(`holdfast mcp: ${error.message}\n`));
    await new Promise<void>((done) => {
      process.stdin.once('close', done);
      process.stdin.once('end', done);
    });
    await server.close();
  } finally {
    await client.close();
  }
}

function readVersion(): string {
  const manifest = readFileSync(join(findPackageFolder(), 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}

interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
}
/** Absolute paths, so that it works from any folder, and the token's file instead of the token. */
function commandLine(io: Io, options: ConnectionOptions): CommandLine {
  const { home } = readClientEnv(io.env, options.home === undefined ? {} : { HOLDFAST_HOME: options.home });
  const tokenFile = resolve(options.tokenFile ?? join(home, 'tokens', 'agent.token'));
  if (!existsSync(tokenFile)) {
    const hint = 'Start the daemon once, or create a token with `./holdfast token create` and give --token-file.';
    throw new CliError(EXIT.USAGE, `There is no token file ${tokenFile}. ${hint}`);
  }
  const where = options.url === undefined ? [] : ['--url', options.url];
  const socket = options.socket === undefined ? [] : ['--socket', resolve(options.socket)];
  const script = join(findPackageFolder(), 'scripts', 'holdfast.mjs');
  return { command: process.execPath, args: [script, 'mcp', '--token-file', tokenFile, ...where, ...socket] };
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
