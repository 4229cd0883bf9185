import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { SkillEntry } from '../../core/policy.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { addVerb, type Io, printJson } from '../verb.ts';

interface SkillOptions {
  readonly policy?: string;
  readonly json?: boolean;
}
interface PinOptions extends SkillOptions {
  readonly provenance: number;
  readonly capabilityRisk: number;
}

export function addSkill(program: Command, io: Io): void {
  const skill = program.command('skill').description('Skills that a policy trusts, by the digest of their folder.');
  skill.addHelpText('after', '\nExample:\n  $ ./holdfast skill pin integrations/skill');
  const pin = addVerb(skill, {
    usage: 'pin',
    summary: "Write a skill's digest into the policy's trust.skills",
    examples: ['skill pin integrations/skill', 'skill pin integrations/skill --provenance 0.8 --policy mine.yaml'],
  });
  addSkillOptions(pin)
    .option('--provenance <number>', 'how well its source is known, 0 to 1', readFraction, 0.9)
    .option('--capability-risk <number>', 'how much it could do, 0 to 1', readFraction, 0.2)
    .action((folder: string, options: PinOptions) => pinSkill(io, folder, options));
  const check = addVerb(skill, {
    usage: 'check',
    summary: 'Compare a skill with its pinned digest; ends with 5 if it has changed',
    examples: ['skill check integrations/skill'],
  });
  addSkillOptions(check).action((folder: string, options: SkillOptions) => checkSkill(io, folder, options));
}

function addSkillOptions(verb: Command): Command {
  return verb
    .argument('<dir>', 'folder with its SKILL.md')
    .option('--policy <file>', 'the policy file (HOLDFAST_POLICY, else policies/default.yaml)');
}

function readFraction(text: string): number {
  if (/^(?:0|1|0\.\d{1,15}|1\.0+)$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a number from 0 to 1.');
}

async function findPolicy(io: Io, { policy }: SkillOptions): Promise<string> {
  if (policy !== undefined) return policy;
  if (io.env.HOLDFAST_POLICY !== undefined && io.env.HOLDFAST_POLICY !== '') return io.env.HOLDFAST_POLICY;
  const { findPackageFolder } = await import('../../config/package.ts');
  return join(findPackageFolder(), 'policies', 'default.yaml');
}

async function pinSkill(io: Io, folder: string, options: PinOptions): Promise<void> {
  const [{ readSkillFolder }, { readPolicyText, readValidPolicy }, { pinInText }, { parsePolicy }] = await Promise.all([
    import('./skill-folder.ts'),
    import('./policy/policy-file.ts'),
    import('../../policy/text/pin-skill.ts'),
    import('../../policy/parse.ts'),
  ]);
  const file = await findPolicy(io, options);
  const { name, sha256, files } = await readSkillFolder(folder);
  const { spec } = await readValidPolicy(file);
  const before = spec.trust.skills.find((entry) => entry.name === name);
  const entry: SkillEntry = {
    name,
    sha256,
    provenance: options.provenance,
    capability_risk: options.capabilityRisk,
  };
  const text = pinInText(await readPolicyText(file), entry);
  const parsed = parsePolicy(text, file);
  if (!parsed.ok) throw new CliError(EXIT.FAILURE, `With this skill ${file} would not be valid; it was left as it is.`);
  replaceFile(file, text);
  if (options.json === true) return printJson(io, { ...entry, before: before?.sha256 ?? null, files, policy: file });
  const was = before === undefined || before.sha256 === sha256 ? '' : ` (before: ${before.sha256})`;
  io.out(
    `${name}: ${sha256}${was}, ${files.length} ${files.length === 1 ? 'file' : 'files'}, in trust.skills of ${file}\n` +
      'A running daemon reads the file; more trust than before waits for an operator (./holdfast status).\n' +
      `A token that is trusted by it: ./holdfast token create --skill ${sha256}\n`,
  );
}

/** Never half a policy, also not if the process ends here. */
function replaceFile(file: string, text: string): void {
  const next = `${file}.${process.pid}.new`;
  writeFileSync(next, text, { flag: 'wx' });
  renameSync(next, file);
}

async function checkSkill(io: Io, folder: string, options: SkillOptions): Promise<void> {
  const [{ readSkillFolder }, { readValidPolicy }] = await Promise.all([
    import('./skill-folder.ts'),
    import('./policy/policy-file.ts'),
  ]);
  const file = await findPolicy(io, options);
  const { name, sha256 } = await readSkillFolder(folder);
  const { spec } = await readValidPolicy(file);
  const pinned = spec.trust.skills.filter((entry) => entry.name === name).map((entry) => entry.sha256);
  const isPinned = pinned.includes(sha256);
  if (options.json === true) printJson(io, { name, sha256, pinned, ok: isPinned });
  else if (isPinned) io.out(`${name} is as pinned in ${file}: ${sha256}\n`);
  else if (pinned.length === 0) io.out(`${name} is not pinned in ${file}; its digest is ${sha256}\n`);
  else io.out(`${name} has changed: ${sha256}; ${file} has ${pinned.join(', ')}\n`);
  if (!isPinned) io.exit(EXIT.VERIFICATION);
}
