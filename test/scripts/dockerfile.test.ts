import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findPin } from '../../scripts/node-line.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
/** Instructions with their continuation lines joined. */
const instructions = read('Dockerfile')
  .replaceAll(/\\\n\s*/g, ' ')
  .split('\n')
  .filter((line) => /^[A-Z]+ /.test(line));
const copies = instructions.filter((line) => line.startsWith('COPY ')).map((line) => line.split(/\s+/).slice(1));

test('every path that the image copies from this repository exists, and the build context holds it', () => {
  const sources = copies
    .filter(([first]) => first?.startsWith('--from=') === false)
    .flatMap((words) => words.slice(0, -1));
  assert.ok(sources.length >= 8, 'no COPY was found');
  const context = read('.dockerignore').split('\n');
  assert.equal(context[0], '*');
  for (const source of sources) {
    assert.ok(existsSync(join(ROOT, source)), `${source} does not exist`);
    assert.ok(context.includes(`!${source}`), `${source} is not in the build context`);
  }
});

test('the image has what the daemon reads at run time', () => {
  const last = read('Dockerfile').slice(read('Dockerfile').lastIndexOf('\nFROM '));
  for (const path of ['package.json', 'migrations', 'policies', 'node_modules', 'daemon', 'scripts']) {
    assert.match(last, new RegExp(`COPY .*\\b${path}\\b`), path);
  }
});

test('it runs as another user than root, with a volume, a health check and the entry of the package', () => {
  const { bin } = JSON.parse(read('package.json')) as { bin: { holdfast: string } };
  assert.ok(instructions.includes('USER node'));
  assert.ok(instructions.includes('VOLUME /var/lib/holdfast'));
  assert.ok(instructions.some((line) => line.startsWith('HEALTHCHECK ') && line.includes('/healthz')));
  assert.ok(instructions.includes(`ENTRYPOINT ["node", "${bin.holdfast}"]`));
});

test('every image it builds on is named by its digest, one Node for both stages, and no package runs a script', () => {
  const images = instructions.filter((line) => line.startsWith('FROM ')).map((line) => line.split(/\s+/)[1] ?? '');
  assert.equal(images.length, 2);
  for (const image of images) assert.match(image, /^[a-z0-9./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
  assert.equal(new Set(images).size, 1);
  assert.equal(/^node:([\d.]+)-/.exec(images[0] ?? '')?.[1], findPin('24', 'linux-x64')?.version);
  const installs = instructions.filter((line) => /\bnpm\b/.test(line));
  assert.equal(installs.length, 1);
  assert.match(installs[0] ?? '', /^RUN npm ci --omit=dev --ignore-scripts /);
});

test('the licence is the one that package.json names', () => {
  const { license } = JSON.parse(read('package.json')) as { license: string };
  assert.equal(license, 'Apache-2.0');
  assert.match(read('LICENSE'), /^\s*Apache License\s+Version 2.0, January 2004[\s\S]*END OF TERMS AND CONDITIONS/);
});
