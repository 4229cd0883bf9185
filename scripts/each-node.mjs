/**
 * `npm run test:nodes`: what has to hold on every Node of the supported line, on its oldest and its newest, each from
 * a copy of this checkout in which nothing was installed: the command installs what a daemon needs, as for a user;
 * start, one order, a kill and a restart, `audit verify`, and the tests of what Node itself brings: the ledger's
 * database, files, threads and compression, and the connection to the venue. What only tests need, this checkout lends.
 * What an archiver decides, how an earlier record is read and what an order is on the wire no Node changes. `npm test`
 * runs everything on the recommended one. They run beside each other, and each says what it has said when it is over.
 * With `--bring` it only brings those Nodes, so that a later run starts at once.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { bringNode, findPin, platformName } from './node-line.mjs';
import { listFiles, ROOT } from './package-state.mjs';

const args = process.argv.slice(2);
const BRING_ONLY = args.includes('--bring');
const named = args.filter((arg) => !arg.startsWith('--'));
const MAJORS = named.length > 0 ? named : ['22', '26'];
const WITHOUT = ['archive-crash', 'archiver', 'archives-restored', 'earlier-forms'];
const LEFT_OUT = WITHOUT.map((file) => `--without=ledger/${file}`);
const TESTS = ['daemon/on-this-node', 'ledger/', 'venue/transport', ...LEFT_OUT];
const PARTS = ['daemon', 'migrations', 'policies', 'scripts', 'test', 'docs'];

function copyCheckout(folder) {
  let copied = 0;
  for (const part of PARTS) {
    for (const file of listFiles(ROOT, part)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      cpSync(join(ROOT, file), join(folder, file));
      copied += 1;
    }
  }
  for (const file of ['package.json', 'package-lock.json', 'tsconfig.json'])
    cpSync(join(ROOT, file), join(folder, file));
  if (copied < 100) throw new Error(`Only ${copied} files were found to copy.`);
}

/** Development packages that stand at the top, as links: to install them again would take longer than the tests. */
function lendTools(folder) {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  for (const [path, { dev }] of Object.entries(packages)) {
    if (dev !== true || path.lastIndexOf('node_modules/') > 0 || !existsSync(join(ROOT, path))) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(join(ROOT, path), join(folder, path));
  }
}

async function runOn(major) {
  const node = bringNode(ROOT, { major, say: (pin) => process.stdout.write(`bringing ${pin.name}@${pin.version}\n`) });
  if (BRING_ONLY) return 0;
  const folder = mkdtempSync(join(tmpdir(), `holdfast-node-${major}-`));
  try {
    copyCheckout(folder);
    const compiled = join(folder, '.holdfast', 'compiled');
    const path = `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`;
    const env = { ...process.env, PATH: path, NODE_COMPILE_CACHE: compiled };
    let output = `== Node ${findPin(major)?.version}: install, ${TESTS.join(', ')}\n`;
    const run = async (script, ...words) => {
      const command = ['--disable-warning=ExperimentalWarning', join(folder, 'scripts', script), ...words];
      const child = spawn(node, command, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text) => (output += text));
      const [code] = await once(child, 'close');
      return code ?? 1;
    };
    let code = await run('holdfast.mjs', '--version');
    if (code === 0) {
      lendTools(folder);
      code = await run('run-tests.mjs', ...TESTS);
    }
    process.stdout.write(output);
    return code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const codes = MAJORS.map((major) => {
  if (findPin(major) !== null) return runOn(major);
  process.stderr.write(`There is no pinned Node ${major} for ${platformName()}.\n`);
  return 1;
});
process.exitCode = (await Promise.all(codes)).every((code) => code === 0) ? 0 : 1;
