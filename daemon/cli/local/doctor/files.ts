import { existsSync, readdirSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { operatorSocketPath, operatorUrlFile } from '../../../config/config.ts';
import type { Environment } from '../../../config/settings.ts';
import { KEY_PREFIXES } from '../../../core/venues.ts';
import { absent, type Check, type Examined, type Finding, proven, refuted, unknown } from './finding.ts';

const ANY = 0o077;
const WRITE = 0o022;
const KEY_FILE = new RegExp(`^(?:${KEY_PREFIXES.join('|')})_API_(?:KEY|SECRET)_FILE$`);

/** Who else on this machine could read or write what the daemon relies on. */
export function fileChecks({ config }: Examined, env: Environment): readonly Check[] {
  const { headFile, home, policyPath, venue } = config;
  const folder = join(home, venue);
  const inFolder = (...names: string[]): readonly string[] =>
    names.map((name) => join(folder, name)).filter((path) => existsSync(path));
  const endingIn = (place: string, ending: string): readonly string[] =>
    existsSync(place)
      ? readdirSync(place)
          .filter((name) => name.endsWith(ending))
          .map((name) => join(place, name))
      : [];
  const keyFiles = Object.entries(env).flatMap(([name, value]) => (KEY_FILE.test(name) && value ? [value] : []));
  const sockets = [operatorSocketPath(home, venue), operatorUrlFile(home, venue)].filter(
    (path): path is string => path !== null && existsSync(path),
  );
  return [
    {
      id: 'files_ledger',
      claim: 'nobody else can read or write the ledger',
      run: () => {
        const ledger = inFolder('ledger.db', 'ledger.db-wal', 'ledger.db-shm', 'checkpoints', 'cache');
        return judge([home, folder, ...ledger, ...endingIn(join(folder, 'checkpoints'), '.jsonl.gz')], ANY, 2);
      },
    },
    {
      id: 'files_keys',
      claim: 'nobody else can read or write the keys',
      run: () => judge([...inFolder('head.key'), ...keyFiles], ANY, 1),
    },
    {
      id: 'files_tokens',
      claim: 'nobody else can read or write a token',
      run: () => {
        const tokens = endingIn(join(home, 'tokens'), '.token');
        if (tokens.length > 0) return judge([join(home, 'tokens'), ...tokens], ANY, 2);
        return proven('the home holds no token in plain text');
      },
    },
    {
      id: 'files_policy',
      claim: 'nobody else can write the policy file, which holds no secret',
      run: () => judge([policyPath, dirname(policyPath)], WRITE, 2),
    },
    {
      id: 'files_socket',
      claim: "nobody else can use the operator's entrance",
      run: () => judge(sockets, ANY, 1),
    },
    {
      id: 'files_head',
      claim: 'nobody else can read or write the head file',
      run: () => judge([headFile], ANY, 1),
    },
  ];
}

/** `least`: how many there must be. */
function judge(paths: readonly string[], rights: number, least: number): Finding {
  if (process.platform === 'win32') return unknown('Windows has other rights than these');
  const own = process.getuid?.();
  if (paths.length < least) return unknown(`there is none: ${paths.join(', ') || 'no file was found'}`);
  const missing = paths.find((path) => !existsSync(path));
  if (missing !== undefined) return absent(missing);
  for (const path of paths) {
    const stat = statSync(path);
    const problem = findProblem(stat, rights, own);
    if (problem !== null) return refuted(`${path} ${problem}`);
  }
  return proven(`${paths.length} paths`);
}

function findProblem(stat: Stats, rights: number, own: number | undefined): string | null {
  // What belongs to root is root's to change anyway.
  if (stat.uid !== own && stat.uid !== 0) return `belongs to user ${stat.uid}`;
  if ((stat.mode & rights) === 0) return null;
  return `has mode ${(stat.mode & 0o777).toString(8)}: chmod ${rights === ANY ? 'go=' : 'go-w'} it`;
}
