import { Command, CommanderError } from 'commander';
import { readManifest } from '../config/package.ts';
import { CliError, EXIT, EXIT_CODE_HELP, type ExitCode, toErrorBody } from './exit-codes.ts';
import { addAlerts } from './local/alerts.ts';
import { addArm } from './local/arm.ts';
import { addDoctor } from './local/doctor.ts';
import { addAttack } from './local/evaluation/attack.ts';
import { addData } from './local/evaluation/data.ts';
import { addExchangeSim } from './local/evaluation/exchange-sim.ts';
import { addReplay } from './local/evaluation/replay.ts';
import { addTune } from './local/evaluation/tune.ts';
import { addAudit } from './local/ledger/audit.ts';
import { addRecover } from './local/ledger/recover.ts';
import { addToken } from './local/ledger/token.ts';
import { addPasskey } from './local/passkey.ts';
import { addPolicy } from './local/policy/policy.ts';
import { addSkill } from './local/skill.ts';
import { addStart } from './local/start.ts';
import { screen } from './terminal.ts';
import type { Io } from './verb.ts';
import { addCall, addTools } from './verbs/agent/call.ts';
import { addCancel, addCancelAll, addClose } from './verbs/agent/exits.ts';
import { addLimits } from './verbs/agent/limits.ts';
import { addMcp } from './verbs/agent/mcp.ts';
import { addOrder } from './verbs/agent/order.ts';
import { addAdopt, addEndOrder, addEraseText, addRelease } from './verbs/operator/acts.ts';
import { addApprovals, addApprove, addDeny } from './verbs/operator/approvals.ts';
import { addFlatten } from './verbs/operator/flatten.ts';
import { addHalt, addReduce, addResume } from './verbs/operator/states.ts';
import { addAgents } from './verbs/read/agents.ts';
import { addCompletion } from './verbs/read/completion.ts';
import { addDecisions } from './verbs/read/decisions.ts';
import { addExplain } from './verbs/read/explain.ts';
import { addReceipt, addReport } from './verbs/read/report.ts';
import { addSignals } from './verbs/read/signals.ts';
import { addStatus } from './verbs/read/status.ts';
import { addWatch } from './verbs/read/watch.ts';

// Verbs only describe themselves here, and load what they need when they run, so that `--help` is fast.
const VERBS = [
  addStart,
  addStatus,
  addWatch,
  addTools,
  addMcp,
  addOrder,
  addClose,
  addCancel,
  addCancelAll,
  addCall,
  addLimits,
  addDecisions,
  addExplain,
  addAgents,
  addReport,
  addReceipt,
  addAlerts,
  addApprovals,
  addApprove,
  addDeny,
  addSignals,
  addEndOrder,
  addEraseText,
  addRelease,
  addAdopt,
  addHalt,
  addReduce,
  addReplay,
  addResume,
  addFlatten,
  addPolicy,
  addAudit,
  addToken,
  addSkill,
  addDoctor,
  addPasskey,
  addRecover,
  addArm,
  addExchangeSim,
  addAttack,
  addData,
  addTune,
  addCompletion,
];

const HELP_FLAGS: ReadonlySet<string> = new Set(['-h', '--help']);

function buildProgram(io: Io): Command {
  const program = new Command('holdfast')
    .description('A policy gate between agents and an exchange.')
    .version(describeVersion())
    .showHelpAfterError('Add --help for the arguments and an example.')
    .addHelpText('after', `\nExample:\n  $ ./holdfast order BTCUSDT buy 200\n\n${EXIT_CODE_HELP}.`);
  for (const add of VERBS) add(program, io);
  // A group is summed up by its verbs: words of prose beside them would look like verbs.
  for (const group of program.commands)
    if (group.summary() === '')
      group.summary(
        `${group.description().replace(/\.$/, '')}: ${group.commands.map((verb) => verb.name()).join(', ')}`,
      );
  forEachCommand(program, (command) => {
    command.exitOverride().configureOutput({ writeOut: io.out, writeErr: io.err });
  });
  return program;
}

/**
 * The arguments without `--help` if they name a verb that does not exist. Otherwise commander would print the help
 * of the level above with exit code 0, and a script could not notice a removed verb.
 */
function withoutHelpForNobody(program: Command, args: readonly string[]): readonly string[] {
  const words = args.filter((arg) => !HELP_FLAGS.has(arg));
  let level = program;
  for (const word of words) {
    if (word.startsWith('-') || word === 'help' || level.commands.length === 0) return args;
    const next = level.commands.find((command) => command.name() === word);
    if (next === undefined) return words;
    level = next;
  }
  return args;
}

function forEachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) forEachCommand(child, visit);
}

/** Own version on the first line, for scripts; then the Node that runs it, and the line that is supported. */
function describeVersion(): string {
  const { engines, version } = readManifest();
  return `${version}\nNode ${process.versions.node} (supported: ${engines.node}; 24 recommended)`;
}

/** Runs one command line and returns the exit code. `args`: without node and script. */
export async function runCli(args: readonly string[], world: Omit<Io, 'exit'>): Promise<ExitCode> {
  let code: ExitCode = EXIT.OK;
  screen.columns = world.terminal?.size().columns ?? Number.POSITIVE_INFINITY;
  const io: Io = {
    ...world,
    exit: (wanted) => {
      code = wanted;
    },
  };
  try {
    const program = buildProgram(io);
    await program.parseAsync(withoutHelpForNobody(program, args), { from: 'user' });
    return code;
  } catch (error) {
    return report(io, error, wantsJson(args));
  }
}

/** Whether a program reads the output: then a failure is a line of JSON there, beside the message for people. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end === -1 ? args.length : end).includes('--json');
}

/** Reports what went wrong and returns the exit code. */
function report(io: Io, error: unknown, isJson: boolean): ExitCode {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.OK;
  const message = error instanceof Error ? error.message : String(error);
  // Commander has printed its message.
  if (!(error instanceof CommanderError)) io.err(`holdfast: ${message}\n`);
  const code = exitCodeOf(error);
  const answer = error instanceof CliError ? error.answer : null;
  if (isJson) io.out(`${JSON.stringify(toErrorBody(message.replace(/^error: /, ''), code, answer))}\n`);
  return code;
}

function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliError) return error.exitCode;
  return error instanceof CommanderError || isWrongInput(error) ? EXIT.USAGE : EXIT.FAILURE;
}

/** Recognised by name and code: the classes belong to parts that most verbs never load. */
function isWrongInput(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'ConfigError' || (error as NodeJS.ErrnoException).code === 'LEDGER_ARGUMENT';
}
