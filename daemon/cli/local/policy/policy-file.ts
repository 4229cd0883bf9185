import type { LoadedPolicy } from '../../../policy/parse.ts';
import { CliError, EXIT } from '../../exit-codes.ts';

/** Text of a policy file, read as the daemon reads it, or what is wrong with its bytes. */
export type PolicyText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: string };

/** @throws CliError if there is no such file */
export async function readPolicyBytes(file: string): Promise<PolicyText> {
  const { readPolicyFile } = await import('../../../policy/text/read-file.ts');
  const read = await readPolicyFile(file);
  if (!read.ok && read.of === 'file') throw new CliError(EXIT.USAGE, `${file} ${read.problem}.`);
  return read;
}

/** @throws CliError if it cannot be read, or its bytes are no text */
export async function readPolicyText(file: string): Promise<string> {
  const read = await readPolicyBytes(file);
  if (read.ok) return read.text;
  throw new CliError(EXIT.VERIFICATION, `${file} ${read.problem}.`);
}

/** @throws CliError that names the verb which says what is wrong */
export async function readValidPolicy(file: string): Promise<LoadedPolicy> {
  const [{ parsePolicy }, text] = await Promise.all([import('../../../policy/parse.ts'), readPolicyText(file)]);
  const parsed = parsePolicy(text, file);
  if (parsed.ok) return parsed.policy;
  throw new CliError(EXIT.VERIFICATION, `${file} is not valid. Run: ./holdfast policy check ${file}`);
}

/** @throws CliError USAGE that lists what is wrong: a difference that was found ends with another code */
export async function readCandidate(file: string): Promise<LoadedPolicy> {
  const [{ parsePolicy }, { formatViolation }, text] = await Promise.all([
    import('../../../policy/parse.ts'),
    import('../../../contract/schema/violations.ts'),
    readPolicyText(file),
  ]);
  const parsed = parsePolicy(text, file);
  if (parsed.ok) return parsed.policy;
  const lines = parsed.violations.map((violation) => `  ${formatViolation(violation)}`);
  throw new CliError(EXIT.USAGE, [`${file} is not a valid policy:`, ...lines].join('\n'));
}
