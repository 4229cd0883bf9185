import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { findPackageFolder } from '../../../config/package.ts';
import type { ReloadBody } from '../../../contract/types/policy.ts';
import type { EffectiveCaps, PolicyExplanation } from '../../../policy/explain.ts';
import { show } from '../../client/show.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import { FILE_DIFFERS } from '../../render/pending.ts';
import { formatDuration, formatInstant, formatNumber, plain, renderFields, renderTable } from '../../render/tables.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, printJson } from '../../verb.ts';
import { addPolicyCheck } from './policy-check.ts';
import { addPolicyDiff } from './policy-diff.ts';
import { readPolicyText, readValidPolicy } from './policy-file.ts';
import { addPolicySuggest } from './policy-suggest.ts';

interface PolicyOptions {
  readonly json?: boolean;
}
interface FileRun {
  readonly policy: string;
  readonly passed: number;
  readonly failed: readonly { readonly name: string; readonly differences: readonly string[] }[];
  readonly violations: readonly string[];
}

export function addPolicy(program: Command, io: Io): void {
  const policy = program.command('policy').description('Policy files.');
  policy.addHelpText('after', '\nExample:\n  $ ./holdfast policy check policies/default.yaml');
  addPolicyCheck(policy, io);
  addVerb(policy, {
    usage: 'explain',
    summary: 'Explain what a policy file amounts to, in words and numbers',
    examples: ['policy explain policies/strict.yaml'],
  })
    .argument('<file>', 'policy file, YAML or JSON')
    .action((file: string, options: PolicyOptions) => explain(io, file, options));
  addVerb(policy, {
    usage: 'test',
    summary: 'Run the cases beside policy files (NAME.test.yaml beside NAME.yaml)',
    examples: ['policy test', 'policy test my-policy.yaml'],
  })
    .argument('[files...]', 'policy files (default: those of the package that have cases)')
    .action((files: readonly string[], options: PolicyOptions) => runCases(io, files, options));
  addPolicyReload(policy, io);
  addPolicyDiff(policy, io);
  addPolicySuggest(policy, io);
}

async function explain(io: Io, file: string, options: PolicyOptions): Promise<void> {
  const policy = await readValidPolicy(file);
  const { explainPolicy } = await import('../../../policy/explain.ts');
  const explanation = explainPolicy(policy.spec);
  if (options.json === true) printJson(io, { file, hash: policy.hash, ...explanation });
  else io.out(renderExplanation(explanation, policy.hash));
}

function renderExplanation(explanation: PolicyExplanation, hash: string): string {
  const head = ['leverage', 'order', 'symbol', 'gross', 'orders', 'slippage'];
  const caps = (values: EffectiveCaps | null) =>
    values === null
      ? ['nothing may be opened']
      : [
          `${values.leverage}x`,
          formatNumber(values.order_notional_usdt, 2),
          formatNumber(values.symbol_notional_usdt, 2),
          formatNumber(values.gross_notional_usdt, 2),
          values.order_rate,
          `${formatNumber(values.slippage_bps, 2)} bps`,
        ];
  const { regimes, tightenings, agents } = explanation;
  const sections = [
    renderFields([
      ['policy', explanation.name],
      ['hash', hash],
      ['mode', explanation.mode],
      ['scope', explanation.scope],
    ]),
    renderTable(
      ['regime', ...head, 'cooldown', 'slices'],
      regimes.map((each) => [
        each.opens ? each.regime : `${each.regime} (exits only)`,
        ...caps(each.caps),
        formatDuration(each.cooldown_ms),
        each.slices,
      ]),
      '',
    ),
    renderTable(
      ['further tightened by', 'tightens', 'effect', ...head],
      tightenings.map((each) => [each.cause, each.tightens, each.effect, ...caps(each.caps)]),
      'nothing tightens this further',
    ),
    `${explanation.pacing.join('\n')}\n`,
    ...(agents.length === 0
      ? []
      : [
          renderTable(
            ['agent', 'limited to'],
            agents.map(({ agent, held_to }) => [agent, held_to.join(', ')]),
            '',
          ),
        ]),
  ];
  return sections.join('\n');
}

async function runCases(io: Io, files: readonly string[], options: PolicyOptions): Promise<void> {
  const policies = files.length > 0 ? files : findPoliciesWithCases(join(findPackageFolder(), 'policies'));
  if (policies.length === 0) throw new CliError(EXIT.VERIFICATION, 'No policy file with cases was found.');
  const runs: FileRun[] = [];
  for (const file of policies) runs.push(await runFile(file));
  const failed = runs.some((run) => run.failed.length + run.violations.length > 0);
  if (options.json === true) printJson(io, { ok: !failed, files: runs });
  else for (const run of runs) io.out(renderRun(run));
  io.exit(failed ? EXIT.VERIFICATION : EXIT.OK);
}

async function runFile(file: string): Promise<FileRun> {
  const [{ runPolicyCases }, { decide }, { formatViolation }] = await Promise.all([
    import('../../../policy/cases/cases.ts'),
    import('../../../core/decide/decide.ts'),
    import('../../../contract/schema/violations.ts'),
  ]);
  const run = runPolicyCases(await readPolicyText(file), await readCases(casesBeside(file)), decide);
  if (!run.ok) return { policy: file, passed: 0, failed: [], violations: run.violations.map(formatViolation) };
  const failed = run.results.filter((result) => !result.passed);
  return {
    policy: file,
    passed: run.passed,
    failed: failed.map(({ name, differences }) => ({ name, differences })),
    violations: [],
  };
}

function renderRun({ policy, passed, failed, violations }: FileRun): string {
  const lines = failed.flatMap(({ name, differences }) => [
    `  FAILED ${name}`,
    ...differences.map((difference) => `    ${difference}`),
  ]);
  const broken = violations.map((violation) => `  ${violation}`);
  const verdict = violations.length > 0 ? 'cannot be run' : `${passed} passed, ${failed.length} failed`;
  return `${[`${policy}: ${verdict}`, ...lines, ...broken].join('\n')}\n`;
}

function casesBeside(file: string): string {
  return `${file.replace(/\.(?:ya?ml|json)$/, '')}.test.yaml`;
}

async function readCases(file: string): Promise<string> {
  if (existsSync(file)) return readPolicyText(file);
  throw new CliError(
    EXIT.USAGE,
    `There are no cases: ${file} does not exist. Copy those of the policy that yours is based on, such as policies/default.test.yaml, and change the figures that differ.`,
  );
}

function findPoliciesWithCases(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.test.yaml'));
  return names.sort().map((name) => join(folder, name.replace(/\.test\.yaml$/, '.yaml')));
}

function addPolicyReload(policy: Command, io: Io): void {
  const verb = addVerb(policy, {
    usage: 'reload',
    summary: 'Accept the pending, looser policy by its hash; without a hash, say what is pending',
    examples: ['policy reload', `policy reload ${'0123456789abcdef'.repeat(4)}`],
  });
  addConnectionOptions(verb)
    .argument('[hash]', 'hash of the pending policy, from `status`', parseHash)
    .action((hash: string | undefined, options: ConnectionOptions) =>
      show(io, options, {
        ask: (client) => client.post<ReloadBody>('/v1/policy/reload', hash === undefined ? {} : { hash }),
        render: describe,
        exitCode: ({ status }) => (status === 'pending' && hash !== undefined ? EXIT.REFUSED : EXIT.OK),
      }),
    );
}

/** The whole hash, so that an operator accepts exactly what they looked at. */
function parseHash(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new InvalidArgumentError("A hash has 64 hex digits; `./holdfast status` shows the pending policy's.");
}

function describe(body: ReloadBody): string {
  switch (body.status) {
    case 'in_force':
      return `policy ${body.hash} is in force\n`;
    case 'pending': {
      const looser = body.looser.map((key) => `  looser: ${plain(key)}\n`).join('');
      const from = body.not_before_ms === null ? '' : `not before ${formatInstant(body.not_before_ms)} UTC\n`;
      const how = body.file_differs
        ? `${FILE_DIFFERS.policy}\n`
        : body.quorum === undefined
          ? `accept it: ./holdfast policy reload ${body.hash}\n`
          : `accepted by ${body.accepted_by?.map(plain).join(', ') || 'nobody yet'}; ${body.quorum} passkeys must, in the console\n`;
      return `policy ${body.hash} waits for an operator\n${looser}${from}${how}`;
    }
  }
}
