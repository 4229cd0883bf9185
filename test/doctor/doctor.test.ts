import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Line, Outcome } from '../../daemon/cli/local/doctor/finding.ts';
import { readHeadFile } from '../../daemon/ledger/proofs/head-file.ts';
import { holdfast } from '../cli/run.ts';
import { DaemonWorld, order, until } from '../daemon/harness.ts';
import { type RewritingProxy, startRewritingProxy } from '../daemon/rewriting-proxy.ts';
import { withOtherDigit } from '../other-digit.ts';

interface Report {
  readonly proven: number;
  readonly refuted: number;
  readonly unknown: number;
  readonly lines: readonly Line[];
}
const ORDER = order({ requested_notional: 120, strategy_id: 'demo' });

describe('doctor on a running daemon', () => {
  let world: DaemonWorld;
  let venue: RewritingProxy;
  const path = (...names: string[]): string => join(world.home, ...names);
  before(async () => {
    world = await DaemonWorld.start({ real: true, wall: true });
    venue = await startRewritingProxy(world.sim.url);
    const { code } = await holdfast(['audit', 'backup', path('copy.db'), '--ledger', path('paper', 'ledger.db')]);
    assert.equal(code, 0);
    const { ledger } = world.daemon;
    const head = ledger.readEvent(ledger.lastSeq());
    writeFileSync(
      path('noted.json'),
      JSON.stringify({ seq: head?.seq, hash: head?.hash, genesis: ledger.genesis.hash }),
    );
    chmodSync(world.home, 0o700);
    chmodSync(world.policyPath, 0o600);
  });
  after(async () => {
    await venue?.close();
    await world?.close();
  });

  async function examine(
    args: readonly string[] = [],
    env: Record<string, string> = {},
  ): Promise<Report & { code: number }> {
    const given = ['--backup', path('copy.db'), '--noted', path('noted.json'), ...args];
    const { code, err, out } = await holdfast(['doctor', '--json', ...given], {
      HOLDFAST_HOME: world.home,
      HOLDFAST_HEAD_FILE: path('head'),
      HOLDFAST_PORT: new URL(world.daemon.url).port,
      HOLDFAST_POLICY: world.policyPath,
      HOLDFAST_PAPER_URL: venue.url,
      ...env,
    });
    assert.notEqual(out, '', err);
    return { code, ...(JSON.parse(out) as Report) };
  }
  const lineOf = ({ lines }: Report, id: string): Line => {
    const line = lines.find((each) => each.id === id);
    assert.ok(line, id);
    return line;
  };
  /** Does something, looks at one line, and undoes it. */
  async function expect(
    id: string,
    outcome: Outcome,
    says: RegExp,
    spoil: () => () => void,
    args: readonly string[] = [],
    env: Record<string, string> = {},
  ) {
    const mend = spoil();
    try {
      const report = await examine(args, env);
      const line = lineOf(report, id);
      assert.deepEqual([id, line.outcome], [id, outcome], line.detail);
      assert.match(line.detail, says);
      assert.equal(report.code, outcome === 'refuted' ? 5 : 0);
    } finally {
      mend();
    }
  }
  const rewrite = (name: string, change: object) => (): (() => void) => {
    const route = `/sapi/v1/${name}`;
    venue.rewrites.set(route, (body) => ({ ...(body as object), ...change }));
    return () => void venue.rewrites.delete(route);
  };
  const mode = (file: () => string, bits: number, good: number) => (): (() => void) => {
    chmodSync(file(), bits);
    return () => chmodSync(file(), good);
  };

  test('proves every line that can be proven, and leaves no order and no position', async () => {
    const report = await examine(['--exercise']);
    const others = report.lines.filter(({ outcome }) => outcome !== 'proven');
    assert.deepEqual(
      others.map(({ id, outcome }) => [id, outcome]),
      [
        ['alert_routes', 'absent'],
        ['sub_account', 'unknown'],
      ],
      JSON.stringify(others, null, 1),
    );
    assert.equal(report.lines.length, 27);
    assert.equal(report.code, 0, 'what could not be proven here is no failure');
    const { algo_orders: conditional, orders } = await world.books();
    const ends = [...orders, ...conditional].map((order) => [order.status, order.executed_quantity ?? '0.00000000']);
    assert.deepEqual(ends, [
      ['CANCELED', '0.00000000'],
      ['CANCELED', '0.00000000'],
    ]);
    assert.equal(await world.position('BTCUSDT'), 0);
    assert.match(lineOf(report, 'countdown').detail, /^regular: /);
    assert.equal((await world.tradingState()).state, 'active');
    const plain = await examine();
    assert.deepEqual(
      plain.lines.filter(({ outcome }) => outcome === 'unknown').map(({ id }) => id),
      ['door_http', 'door_mcp', 'halt', 'sub_account', 'countdown'],
    );
    const reported = await holdfast(['doctor', '--url', world.daemon.url, '--home', world.home], {
      HOLDFAST_POLICY: world.policyPath,
    });
    assert.match(reported.out, /proven +door_dry_run +the dry run lets no order of 10,000,000 USDT pass/);
  });

  test('sees that a countdown cancels conditional orders too, and says when it is known for something else', async () => {
    world.sim.engine.state.countdownScope = 'all';
    // The daemon has seen the orders of an exercise, and that they are gone.
    const isOver = () => until('no order is open', async () => (await world.orders('?open=true')).length === 0, 30_000);
    try {
      await isOver();
      const seen = lineOf(await examine(['--exercise']), 'countdown');
      assert.deepEqual([seen.outcome, seen.detail.slice(0, 4)], ['proven', 'all:'], seen.detail);
      await isOver();
      await expect(
        'countdown',
        'refuted',
        /^all: .*COUNTDOWN is regular/,
        () => {
          venue.rewrites.set('/sim/clock', (body) => ({ ...(body as object), countdown: 'regular' }));
          return () => void venue.rewrites.delete('/sim/clock');
        },
        ['--exercise'],
      );
    } finally {
      world.sim.engine.state.countdownScope = 'regular';
    }
  });

  test('says what others could read or write', async () => {
    const cases: readonly [string, () => string, number, number][] = [
      ['files_ledger', () => path('paper', 'ledger.db'), 0o640, 0o600],
      ['files_ledger', () => path('paper', 'ledger.db-wal'), 0o604, 0o600],
      ['files_keys', () => path('paper', 'head.key'), 0o644, 0o600],
      ['files_tokens', () => path('tokens', 'operator.token'), 0o640, 0o600],
      ['files_policy', () => world.policyPath, 0o620, 0o600],
      ['files_socket', () => path('paper', 'operator.sock'), 0o666, 0o600],
      ['files_head', () => path('head.copy'), 0o644, 0o600],
    ];
    // The daemon writes its head file anew each second, with the right mode: a copy keeps the mode that it is given.
    copyFileSync(path('head'), path('head.copy'));
    const env = { HOLDFAST_HEAD_FILE: path('head.copy') };
    for (const [id, file, bad, good] of cases) await expect(id, 'refuted', /has mode/, mode(file, bad, good), [], env);
  });

  test('asks the daemon for what its own environment lacks, and says where that differs', async () => {
    const run = async (env: Record<string, string>) => {
      const { code, err, out } = await holdfast(['doctor', '--json', '--url', world.daemon.url, '--home', world.home], {
        HOLDFAST_PAPER_URL: venue.url,
        ...env,
      });
      assert.notEqual(out, '', err);
      return { code, ...(JSON.parse(out) as Report) };
    };
    const bare = await run({});
    for (const id of ['settings', 'policy_in_force', 'files_policy', 'files_head', 'head_file'])
      assert.equal(lineOf(bare, id).outcome, 'proven', `${id}: ${lineOf(bare, id).detail}`);
    assert.equal(bare.code, 0);
    const none = await run({ HOLDFAST_POLICY: path('none.yaml'), HOLDFAST_ALERTS: path('none.alerts.yaml') });
    for (const id of ['policy_in_force', 'files_policy', 'alert_routes'])
      assert.deepEqual([id, lineOf(none, id).outcome], [id, 'absent'], lineOf(none, id).detail);
    assert.equal(lineOf(none, 'settings').outcome, 'refuted');
    assert.match(lineOf(none, 'settings').detail, /HOLDFAST_POLICY is .*none\.yaml here/);
  });

  test("says what the venue's key may do", async () => {
    const rights = 'account/apiRestrictions';
    await expect('key_withdrawal', 'refuted', /may withdraw/, rewrite(rights, { enableWithdrawals: true }));
    await expect(
      'key_futures_only',
      'refuted',
      /also trades spot/,
      rewrite(rights, { enableSpotAndMarginTrading: true }),
    );
    await expect('key_futures_only', 'refuted', /does not trade/, rewrite(rights, { enableFutures: false }));
    await expect('key_addresses', 'refuted', /any address/, rewrite(rights, { ipRestrict: false }));
    await expect('key_transfers', 'refuted', /may transfer/, rewrite(rights, { permitsUniversalTransfer: true }));
    await expect('sub_account', 'refuted', /main account with 2 sub-accounts/, () => {
      venue.answers.set('/sapi/v1/sub-account/list', { subAccounts: [{}, {}] });
      return () => void venue.answers.delete('/sapi/v1/sub-account/list');
    });
    await expect('key_withdrawal', 'unknown', /does not tell/, rewrite(rights, { enableWithdrawals: 'yes' }));
  });

  test("says when the clock is another one than the venue's", async () => {
    await expect('clock', 'refuted', /ms apart/, () => {
      venue.rewrites.set('/fapi/v1/time', (body) => ({
        serverTime: (body as { serverTime: number }).serverTime + 60_000,
      }));
      return () => void venue.rewrites.delete('/fapi/v1/time');
    });
  });

  test('says when the file of the policy is not what is in force', async () => {
    const text = readFileSync(world.policyPath, 'utf8');
    await expect('policy_in_force', 'refuted', /it is looser, and waits|not taken over/, () => {
      const other = path('other.yaml');
      writeFileSync(other, text.replace('order_notional_usdt: 1000', 'order_notional_usdt: 1001'));
      copyFileSync(world.policyPath, path('kept.yaml'));
      renameSync(other, world.policyPath);
      return () => {
        renameSync(path('kept.yaml'), world.policyPath);
        chmodSync(world.policyPath, 0o600);
      };
    });
    await until(
      'the policy is the one in force again',
      async () => lineOf(await examine(), 'policy_in_force').outcome === 'proven',
    );
  });

  test('says when the disk, a backup or a noted head would not help', async () => {
    const nothing = () => () => {};
    await expect('disk', 'refuted', /days/, nothing, ['--days', '999999999']);
    const { ledger } = world.daemon;
    await expect('backup', 'absent', /is not there/, nothing, ['--backup', path('none.db')]);
    await expect('head_elsewhere', 'refuted', /is not the one/, nothing, ['--noted', `2:${'0'.repeat(64)}`]);
    await expect('head_elsewhere', 'refuted', /ends before/, nothing, ['--noted', `999999:${'0'.repeat(64)}`]);
    await expect(
      'head_elsewhere',
      'refuted',
      /another ledger/,
      () => {
        writeFileSync(
          path('foreign.json'),
          JSON.stringify({ seq: 1, hash: ledger.genesis.hash, genesis: '3'.repeat(64) }),
        );
        return () => {};
      },
      ['--noted', path('foreign.json')],
    );
    const head = readFileSync(path('head'), 'utf8');
    const report = await examine([], { HOLDFAST_HEAD_FILE: path('absent') });
    assert.deepEqual(lineOf(report, 'head_file').outcome, 'refuted');
    assert.deepEqual(lineOf(report, 'files_head').outcome, 'absent');
    writeFileSync(
      path('stale'),
      head.replace(/(?<="hash":")[0-9a-f]+/, (hash) => withOtherDigit(hash, 0)),
      { mode: 0o600 },
    );
    assert.equal(lineOf(await examine([], { HOLDFAST_HEAD_FILE: path('stale') }), 'head_file').outcome, 'refuted');
  });

  test("refuses the exercise with open orders, and under somebody else's halt", async () => {
    const run = (...args: string[]) =>
      holdfast(['doctor', ...args], {
        HOLDFAST_HOME: world.home,
        HOLDFAST_PORT: new URL(world.daemon.url).port,
        HOLDFAST_POLICY: world.policyPath,
        HOLDFAST_PAPER_URL: venue.url,
      });
    const operator = world.token('operator');
    const set = (state: string) => world.call('PUT', '/v1/trading-state', { state, reason: 'by hand' }, operator);
    await set('reducing');
    const standing = await run('--exercise');
    assert.deepEqual([standing.code, (await world.tradingState()).state], [3, 'reducing'], standing.err);
    assert.match(standing.err, /operator's reducing stands/);
    await set('active');
    const { markets } = (await world.call<{ markets: { mark_price: number }[] }>('GET', '/v1/market?symbol=BTCUSDT'))
      .body;
    const price = Math.round((markets[0]?.mark_price ?? 0) * 0.995);
    const placed = await world.tool('place_order', { ...ORDER, order_type: 'limit', limit_price: price });
    assert.equal(placed.body.execution?.state, 'working', JSON.stringify(placed.body));
    const open = await run('--exercise');
    assert.equal(open.code, 3, open.out);
    assert.match(open.err, /while orders are open/);
    assert.equal((await world.orders('?open=true')).length, 1);
  });
});

test('says when a backup is old, or the head file stands still', async (t) => {
  const world = await DaemonWorld.of(t, { real: true });
  const path = (name: string): string => join(world.home, name);
  const backup = await holdfast([
    'audit',
    'backup',
    path('copy.db'),
    '--ledger',
    join(world.home, 'paper', 'ledger.db'),
  ]);
  assert.equal(backup.code, 0);
  // Those of the very start are of before the world's clock was known.
  const isNoted = (): boolean => (readHeadFile(path('head'))?.seq ?? 0) >= world.daemon.ledger.lastSeq() - 2;
  await until('a head is noted', isNoted);
  copyFileSync(path('head'), path('still'));
  const look = async (head: string) => {
    const env = {
      HOLDFAST_HOME: world.home,
      HOLDFAST_HEAD_FILE: path(head),
      HOLDFAST_PORT: new URL(world.daemon.url).port,
      HOLDFAST_POLICY: world.policyPath,
      HOLDFAST_PAPER_URL: world.sim.url,
    };
    const { err, out } = await holdfast(['doctor', '--json', '--backup', path('copy.db')], env);
    assert.notEqual(out, '', err);
    const { lines } = JSON.parse(out) as Report;
    return Object.fromEntries(lines.map(({ id, outcome }) => [id, outcome]));
  };
  assert.equal((await look('still')).backup, 'proven');
  const { ledger } = world.daemon;
  // A day later; the daemon's own records, also of what doctor asks, come between.
  const recordLater = (): void => {
    const alert = { code: 'TEST', detail: '', symbol: null };
    ledger.appendSync([{ kind: 'alert', at_ms: Math.floor(world.nowMs()) + 25 * 3_600_000, payload: alert }]);
  };
  const recording = setInterval(recordLater, 10);
  t.after(() => clearInterval(recording));
  const isReported = async (): Promise<boolean> => {
    const { backup: copy, head_file: still } = await look('still');
    return copy === 'refuted' && still === 'refuted';
  };
  await until('both are told', isReported, 150_000);
  clearInterval(recording);
  await until('the head file follows', async () => (await look('head')).head_file === 'proven');
});
