import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { satisfies } from 'semver';
import { findPin, isSupportedNode, OLDEST_NODE, RECOMMENDED_MAJOR } from '../../scripts/node-line.mjs';

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
interface LockedPackage {
  readonly version: string;
  readonly engines?: { readonly node?: string };
}
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> };
/** The oldest of each supported line, what is brought, and what is newest here. */
const SUPPORTED = ['22.19.0', '22.23.3', '24.0.0', '24.21.0', '26.0.0', '26.12.1'];

test('no package that is installed excludes a supported Node', () => {
  const named = Object.entries(packages).filter(([path, entry]) => path !== '' && entry.engines?.node !== undefined);
  assert.ok(named.length > 50, `only ${named.length} packages say which Node they need`);
  const excluded = named.flatMap(([path, entry]) =>
    SUPPORTED.filter((node) => !satisfies(node, entry.engines?.node ?? '')).map(
      (node) => `${path} ${entry.version} (${entry.engines?.node}) excludes ${node}`,
    ),
  );
  assert.deepEqual(excluded, []);
});

test('package.json, the bootstrap, the pins, the image and the README name one line', () => {
  const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
  for (const node of SUPPORTED) {
    assert.ok(satisfies(node, engines.node), `engines excludes ${node}`);
    assert.ok(isSupportedNode(node), `the bootstrap refuses ${node}`);
  }
  for (const node of ['18.20.8', '20.20.2', '22.18.0', '23.11.0']) {
    assert.ok(!satisfies(node, engines.node), `engines takes ${node}`);
    assert.ok(!isSupportedNode(node), `the bootstrap takes ${node}`);
  }
  assert.equal(findPin('22', 'linux-x64')?.version, OLDEST_NODE, 'the oldest is what is tested');
  for (const platform of ['linux-x64', 'linux-arm64', 'darwin-x64', 'win32-x64']) {
    const pin = findPin(RECOMMENDED_MAJOR, platform);
    assert.ok(pin !== null && isSupportedNode(pin.version), platform);
    assert.match(pin.integrity, /^sha512-[\w+/]{86}==$/, platform);
  }
  assert.match(read('Dockerfile'), new RegExp(`^FROM node:${RECOMMENDED_MAJOR}\\.`, 'm'));
  assert.match(read('README.md'), /Node\.js 22\.19 or later \(22, 24, 26; 24 is recommended\)/);
});
