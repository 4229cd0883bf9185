import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROUNDS = 7;
/** Says at its end what CPU time the process took, threads included. */
const METER = `data:text/javascript,${encodeURIComponent(
  "process.on('exit', () => { const { user, system } = process.cpuUsage(); process.stderr.write('\\ncpu_us ' + (user + system)); });",
)}`;

const VERBS: Readonly<Record<string, readonly string[]>> = {
  status: ['status'],
  limits: ['limits'],
  decisions: ['decisions'],
  policy_check: ['policy', 'check', join('policies', 'default.yaml')],
};

/** CPU time of verbs without a running daemon, ms; medians. The first round fills the cache of compiled code. */
export function measureVerbs(root: string, home: string): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(VERBS).map(([name, args]) => {
      const times = Array.from({ length: ROUNDS + 1 }, () => cpuMs(root, home, args));
      const sorted = times.slice(1).sort((a, b) => a - b);
      return [name, Math.round(sorted[ROUNDS >> 1] ?? Number.NaN)];
    }),
  );
}

function cpuMs(root: string, home: string, args: readonly string[]): number {
  const command = ['--import', METER, join('scripts', 'holdfast.mjs'), ...args];
  const env = { ...process.env, HOLDFAST_HOME: home, HOLDFAST_PORT: '9' };
  const { stderr } = spawnSync(process.execPath, command, { cwd: root, env, encoding: 'utf8' });
  const found = /cpu_us (\d+)\s*$/.exec(stderr);
  if (found === null) throw new Error(`${args.join(' ')} did not end as it should: ${stderr}`);
  return Number(found[1]) / 1000;
}
