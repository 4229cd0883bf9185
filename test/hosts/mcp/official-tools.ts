import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TOOL_NAMES } from '../../../daemon/core/request.ts';
import { DaemonWorld } from '../../daemon/harness.ts';
import { WITHOUT_COOLDOWNS } from '../../daemon/policy-edits.ts';
import { type BearerProxy, startBearerProxy } from './bearer-proxy.ts';

/** Started by scripts/hosts/mcp.mjs, which says where the packages are. */
const PACKAGES = process.env.HOLDFAST_FOREIGN ?? '';
const INSPECTOR = join(PACKAGES, '.bin', 'mcp-inspector');
const CONFORMANCE = join(PACKAGES, '@modelcontextprotocol', 'conformance', 'dist', 'index.js');
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Those that need no tool, resource or prompt of the scenarios' own. */
const SCENARIOS = ['server-initialize', 'ping', 'tools-list', 'dns-rebinding-protection'];
const ORDER = ['symbol=ETHUSDT', 'intent=open', 'side=buy', 'requested_notional=200', 'requested_leverage=1'];
const PLACE = ['--tool-name', 'place_order', '--tool-arg', ...ORDER, 'order_type=market', 'max_slippage_bps=10'];

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
function run(script: string, args: readonly string[], cwd = ROOT): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

describe("the protocol's own tools, against a daemon on paper", () => {
  let world: DaemonWorld;
  let proxy: BearerProxy;
  let doors: { readonly [name: string]: readonly string[] };
  const orders = async (): Promise<number> => (await world.books()).orders.length;
  before(async () => {
    assert.ok(existsSync(INSPECTOR), 'run `npm run test:mcp`');
    world = await DaemonWorld.start({
      real: true,
      wall: true,
      policy: { 'temporal.duplicate_exempt': ['ETHUSDT'], ...WITHOUT_COOLDOWNS },
    });
    proxy = await startBearerProxy(world.daemon.url, world.token('agent'));
    const tokenFile = join(world.home, 'mcp.token');
    writeFileSync(tokenFile, world.token('agent'), { mode: 0o600 });
    const bearer = `authorization: Bearer ${world.token('agent')}`;
    const holdfast = join(ROOT, 'scripts', 'holdfast.mjs');
    doors = {
      'over HTTP': [`${world.daemon.url}/mcp`, '--transport', 'http', '--header', bearer],
      'over standard input and output': [
        ...[process.execPath, holdfast, 'mcp', '--url', world.daemon.url, '--token-file', tokenFile],
      ],
    };
  });
  after(async () => {
    await proxy?.close();
    await world?.close();
  });

  for (const door of ['over HTTP', 'over standard input and output']) {
    const inspect = async (...args: readonly string[]): Promise<Ended> =>
      run(INSPECTOR, ['--cli', ...(doors[door] ?? []), ...args]);

    it(`the inspector lists the tools ${door}, and finds no fault with their schemas`, async () => {
      const { code, out, err } = await inspect('--method', 'tools/list', '--strict');
      assert.equal(code, 0, err);
      const names = JSON.parse(out).tools.map(({ name }: { name: string }) => name);
      assert.deepEqual(names, [...TOOL_NAMES]);
    });
    it(`the inspector places a paper order ${door}`, async () => {
      const sent = await orders();
      const { code, out, err } = await inspect('--method', 'tools/call', ...PLACE, 'strategy_id=inspector');
      assert.equal(code, 0, err);
      assert.equal(JSON.parse(out).structuredContent.decision, 'ALLOW');
      assert.equal(await orders(), sent + 1);
    });
    it(`the inspector verifies the skill ${door}`, async () => {
      const { code, out, err } = await inspect('--method', 'skills/list', '--verify');
      assert.equal(code, 0, err);
      const { name, files, ok } = JSON.parse(out);
      const statuses = files.map(({ status }: { status: string }) => status);
      assert.deepEqual([name, ok, statuses], ['holdfast-trading', true, ['verified']]);
    });
    it(`the inspector is shown what is wrong with a call ${door}`, async () => {
      const sent = await orders();
      const { out, err } = await inspect('--method', 'tools/call', ...PLACE);
      assert.match(`${out}${err}`, /strategy_id/);
      assert.equal(await orders(), sent);
    });
  }

  for (const scenario of SCENARIOS)
    it(`conformance: ${scenario}`, async () => {
      const args = ['server', '--url', `${proxy.url}/mcp`, '--scenario', scenario];
      const { code, out, err } = await run(CONFORMANCE, args, world.home);
      assert.equal(code, 0, `${out}${err}`);
      assert.match(out, /Passed: ([1-9]\d*)\/\1, 0 failed/);
    });
});
