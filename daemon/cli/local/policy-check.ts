import type { Command } from 'commander';
import type { Violation } from '../../contract/violations.ts';
import type { PolicyCheckBody } from '../../gate/api/policy.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, printJson } from '../verb.ts';

type Finding = Pick<Violation, 'path' | 'message' | 'allowed'> & { readonly value?: unknown };
type ViolationAt = typeof import('../../contract/violations.ts').violationAt;
/** What a running daemon says about a policy file. It knows the venue's smallest orders and the policy in force. */
type DaemonView =
  | { readonly kind: 'none' }
  /** A daemon answers, but it could not be asked. */
  | { readonly kind: 'not_asked'; readonly why: string }
  | { readonly kind: 'answered'; readonly body: PolicyCheckBody };

export function addPolicyCheck(policy: Command, io: Io, readText: (file: string) => string): void {
  const verb = addVerb(policy, {
    usage: 'check',
    summary: 'List everything that is wrong with a policy file; also asks a running daemon',
    examples: ['policy check policies/default.yaml', 'policy check mine.yaml --url http://127.0.0.1:7433'],
  });
  addConnectionOptions(verb)
    .argument('<file>', 'policy file, YAML or JSON')
    .action((file: string, options: ConnectionOptions) => check(io, file, readText(file), options));
}

async function check(io: Io, file: string, text: string, options: ConnectionOptions): Promise<void> {
  const view = await askDaemon(io, options, text);
  const [{ parsePolicy }, { formatViolation, violationAt }, { plain }] = await Promise.all([
    import('../../policy/parse.ts'),
    import('../../contract/violations.ts'),
    import('../tables.ts'),
  ]);
  const isAnswered = view.kind === 'answered';
  // Smallest orders are estimated only if the daemon did not state them.
  const parsed = parsePolicy(text, file, isAnswered ? [] : undefined);
  const violations = merge(
    violationAt,
    parsed.ok ? [] : parsed.violations,
    isAnswered && !view.body.ok ? view.body.violations : [],
  );
  const warnings = merge(
    violationAt,
    parsed.warnings,
    isAnswered && view.body.ok ? view.body.warnings.map(toFinding) : [],
  );
  const looser = isAnswered && view.body.ok ? view.body.looser : [];
  const isValid = parsed.ok && violations.length === 0;
  if (view.kind === 'not_asked') io.err(`The running daemon was not asked: ${view.why}\n`);
  if (options.json === true) {
    const said = isValid
      ? { ok: true, file, hash: parsed.policy.hash, name: parsed.policy.spec.name, warnings, looser }
      : { ok: false, file, violations, warnings };
    printJson(io, { ...said, daemon_asked: isAnswered });
  } else {
    for (const warning of warnings) io.out(`warning: ${plain(formatViolation(warning))}\n`);
    for (const violation of violations) io.out(`${plain(formatViolation(violation))}\n`);
    for (const each of looser) io.out(`looser than the policy in force: ${plain(each)}\n`);
    if (isValid) {
      const also = isAnswered ? '; the running daemon agrees' : '';
      io.out(`${file} is valid: policy ${parsed.policy.spec.name}, hash ${parsed.policy.hash}${also}\n`);
    }
  }
  io.exit(isValid ? EXIT.OK : EXIT.VERIFICATION);
}

/** @throws CliError only if the command line names a daemon: a file can be checked without one */
async function askDaemon(io: Io, options: ConnectionOptions, text: string): Promise<DaemonView> {
  const isNamed = [options.url, options.socket, options.tokenFile].some((option) => option !== undefined);
  try {
    const { withClient } = await import('../client.ts');
    const body = await withClient(io, options, 'operator', (client) =>
      client.post<PolicyCheckBody>('/v1/policy/check', { text }),
    );
    return { kind: 'answered', body };
  } catch (error) {
    if (isNamed || !(error instanceof Error)) throw error;
    const isNobody = error instanceof CliError && error.exitCode === EXIT.UNREACHABLE;
    return isNobody ? { kind: 'none' } : { kind: 'not_asked', why: error.message };
  }
}

/** Findings of both are printed once, in this command's form: it also has the value found and the values allowed. */
function merge(violationAt: ViolationAt, own: readonly Violation[], daemons: readonly Finding[]): readonly Violation[] {
  const known = new Set(own.map(({ path, message }) => `${path}: ${message}`));
  const others = daemons.filter(({ path, message }) => !known.has(`${path}: ${message}`));
  return [...own, ...others.map(({ path, message, value, allowed }) => violationAt(path, message, value, allowed))];
}

/** A warning of the daemon is `path: message`. */
function toFinding(warning: string): Finding {
  const at = warning.indexOf(': ');
  return at === -1 ? { path: '', message: warning } : { path: warning.slice(0, at), message: warning.slice(at + 2) };
}
