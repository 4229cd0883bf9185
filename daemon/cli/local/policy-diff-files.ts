import type { PolicyComparison } from '../../policy/compare.ts';
import type { LoadedPolicy } from '../../policy/parse.ts';
import { EXIT } from '../exit-codes.ts';
import { type Io, printJson } from '../verb.ts';
import { readCandidate } from './policy-file.ts';

/** `policy diff A B`: what would change with B in force instead of A, by key. Reads nothing but the two files. */
export async function diffFiles(io: Io, from: string, to: string, isJson: boolean): Promise<void> {
  const [before, after] = [await readCandidate(from), await readCandidate(to)];
  const { comparePolicies } = await import('../../policy/compare.ts');
  const found = comparePolicies(before.spec, after.spec);
  const head = (file: string, { hash, spec }: LoadedPolicy) => ({ file, name: spec.name, hash });
  if (isJson) printJson(io, { from: head(from, before), to: head(to, after), ...found });
  else {
    const { renderFields, plain } = await import('../tables.ts');
    const side = (file: string, { hash, spec }: LoadedPolicy) => `${file}: policy ${plain(spec.name)}, hash ${hash}`;
    io.out(
      renderFields([
        ['from', side(from, before)],
        ['to', side(to, after)],
      ]),
    );
    for (const line of await renderComparison(found)) io.out(`${plain(line)}\n`);
  }
  io.exit(found.looser.length + found.tighter.length === 0 ? EXIT.OK : EXIT.VERIFICATION);
}

async function renderComparison({ equal, looser, tighter }: PolicyComparison): Promise<readonly string[]> {
  const { describeChange, describeLooser } = await import('../../gate/operator/policy-control.ts');
  return [
    ...looser.map((each) => `looser: ${describeLooser(each)}`),
    ...tighter.map((each) => `tighter: ${describeChange(each)}`),
    `equal: ${equal.length} keys`,
  ];
}
