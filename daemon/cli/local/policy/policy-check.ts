import type { Command } from 'commander';
import type { Violation } from '../../../contract/schema/violations.ts';
import type { PolicyCheckBody } from '../../../contract/types/policy.ts';
import { askDaemon } from '../../client/show.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, printJson } from '../../verb.ts';
import { type PolicyText, readPolicyBytes } from './policy-file.ts';

type Finding = Pick<Violation, 'path' | 'message' | 'allowed'> & { readonly value?: unknown };
/** What a running daemon says about a policy file. It knows the venue's smallest orders and the policy in force. */
type DaemonView =
  | { readonly kind: 'none' }
  /** A daemon answers, but it could not be asked. */
  | { readonly kind: 'not_asked'; readonly why: string }
  | { readonly kind: 'answered'; readonly body: PolicyCheckBody };
/** A file as it was judged: by the daemon that runs, else by this process. */
interface Judged {
  readonly policy: { readonly name: string; readonly hash: string } | null;
  readonly violations: readonly Finding[];
  readonly warnings: readonly Finding[];
  readonly looser: readonly string[];
}

export function addPolicyCheck(policy: Command, io: Io): void {
  const verb = addVerb(policy, {
    usage: 'check',
    summary: 'List everything that is wrong with a policy file; also asks a running daemon',
    examples: ['policy check policies/default.yaml', 'policy check mine.yaml --url http://127.0.0.1:7433'],
  });
  addConnectionOptions(verb)
    .argument('<file>', 'policy file, YAML or JSON')
    .action(async (file: string, options: ConnectionOptions) => check(io, file, await readPolicyBytes(file), options));
}

async function check(io: Io, file: string, read: PolicyText, options: ConnectionOptions): Promise<void> {
  const view: DaemonView = read.ok ? await checkByDaemon(io, options, read.text) : { kind: 'none' };
  if (view.kind === 'not_asked') io.err(`The running daemon was not asked: ${view.why}\n`);
  const isAnswered = view.kind === 'answered';
  const judged = isAnswered ? fromDaemon(view.body) : await judge(read, file);
  const { policy, violations, warnings, looser } = judged;
  if (options.json === true) {
    const said =
      policy === null ? { ok: false, file, violations, warnings } : { ok: true, file, ...policy, warnings, looser };
    printJson(io, { ...said, daemon_asked: isAnswered });
  } else await print(io, file, judged, isAnswered);
  io.exit(policy === null ? EXIT.VERIFICATION : EXIT.OK);
}

async function print(io: Io, file: string, judged: Judged, isAnswered: boolean): Promise<void> {
  const [{ formatViolation, violationAt }, { plain }] = await Promise.all([
    import('../../../contract/schema/violations.ts'),
    import('../../render/tables.ts'),
  ]);
  const line = ({ path, message, value, allowed }: Finding) =>
    plain(formatViolation(violationAt(path, message, value, allowed)));
  for (const warning of judged.warnings) io.out(`warning: ${line(warning)}\n`);
  for (const violation of judged.violations) io.out(`${line(violation)}\n`);
  for (const each of judged.looser) io.out(`looser than the policy in force: ${plain(each)}\n`);
  if (judged.policy === null) return;
  const { name, hash } = judged.policy;
  io.out(
    `${file} is valid: policy ${plain(name)}, hash ${plain(hash)}${isAnswered ? '; the running daemon agrees' : ''}\n`,
  );
}

/** Judging needs the schema of policies, whose compilation takes a fifth of a second; the daemon has it compiled. */
function fromDaemon(body: PolicyCheckBody): Judged {
  if (!body.ok) return { policy: null, violations: body.violations, warnings: [], looser: [] };
  const { name, hash, looser } = body;
  return { policy: { hash, name }, violations: [], warnings: body.warnings.map(toFinding), looser };
}

async function judge(read: PolicyText, file: string): Promise<Judged> {
  if (!read.ok) {
    return { policy: null, violations: [{ path: '', message: read.problem }], warnings: [], looser: [] };
  }
  const { parsePolicy } = await import('../../../policy/parse.ts');
  const parsed = parsePolicy(read.text, file);
  const violations = parsed.ok ? [] : parsed.violations;
  const policy = parsed.ok ? { hash: parsed.policy.hash, name: parsed.policy.spec.name } : null;
  return { policy, violations, warnings: parsed.warnings, looser: [] };
}

/** @throws CliError only if the command line names a daemon: a file can be checked without one */
async function checkByDaemon(io: Io, options: ConnectionOptions, text: string): Promise<DaemonView> {
  const isNamed = [options.url, options.socket, options.tcp, options.tokenFile].some((option) => option !== undefined);
  try {
    const body = await askDaemon(io, options, 'operator', (client) =>
      client.post<PolicyCheckBody>('/v1/policy/check', { text }),
    );
    return { kind: 'answered', body };
  } catch (error) {
    if (isNamed || !(error instanceof Error)) throw error;
    const isNobody = error instanceof CliError && error.exitCode === EXIT.UNREACHABLE;
    return isNobody ? { kind: 'none' } : { kind: 'not_asked', why: error.message };
  }
}

/** A warning of the daemon is `path: message`. */
function toFinding(warning: string): Finding {
  const at = warning.indexOf(': ');
  return at === -1 ? { path: '', message: warning } : { path: warning.slice(0, at), message: warning.slice(at + 2) };
}
