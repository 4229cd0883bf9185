import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SignalsBody } from '../../../../daemon/contract/types/operator.ts';
import type { ErrorBody } from '../../../../daemon/http/errors.ts';
import type { TestAnswer } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

interface Added {
  readonly signal_id: string;
  readonly expires_at_ms: number;
}

describe('signals are bounded by kind and scope', () => {
  const world = suiteWorld();

  const newMonitor = (name: string): string =>
    world.daemon.ledger.tokens.createToken({ role: 'monitor', name, agent: name }).secret;
  /** As if each of them had a token: of others no signal is taken. */
  const letBeKnown = (names: readonly string[]): void => {
    const { ports } = world.daemon.gate.core;
    const others = ports.agentNames?.() ?? [];
    Object.assign(ports, { agentNames: () => [...others, ...names] });
  };
  const report = (
    token: string,
    scope: object,
    ttlMs = 600_000,
    severity = 0.5,
  ): Promise<TestAnswer<Added & ErrorBody>> =>
    world.call('POST', '/v1/signals', { kind: 'narrative', scope, severity, ttl_ms: ttlMs }, token);
  const active = async (by: string) =>
    (await world.operator<SignalsBody>('GET', '/v1/signals')).body.signals.filter(({ set_by }) => set_by === by);
  const records = (): number => [...world.daemon.ledger.iterateEvents({ kind: 'signal' })].length;

  it('a signal keeps its id and its highest severity while it stands, whatever is reported after it', async () => {
    const token = newMonitor('kept');
    const shown = (await report(token, { symbol: 'BTCUSDT' }, 600_000, 0.9)).body.signal_id;
    for (const severity of [0.1, 0.95, 0.5])
      assert.equal((await report(token, { symbol: 'BTCUSDT' }, 600_000, severity)).body.signal_id, shown);
    assert.deepEqual(
      (await active('kept')).map(({ severity, signal_id }) => [signal_id, severity]),
      [[shown, 0.95]],
    );
    const ended = await world.operator('POST', `/v1/signals/${shown}/end`, { reason: 'a false alarm' });
    assert.equal(ended.status, 200, 'the id that was shown ends it');
    assert.deepEqual(await active('kept'), []);
    const anew = (await report(token, { symbol: 'BTCUSDT' }, 600_000, 0.1)).body.signal_id;
    assert.notEqual(anew, shown);
    assert.deepEqual(
      (await active('kept')).map(({ severity, signal_id }) => [signal_id, severity]),
      [[anew, 0.1]],
    );
  });

  it('a second one of the same kind, scope and reporter is the same signal, and shortens nothing', async () => {
    const token = newMonitor('again');
    const first = (await report(token, { symbol: 'BTCUSDT' }, 600_000)).body;
    const shorter = (await report(token, { symbol: 'BTCUSDT' }, 1_000)).body;
    assert.equal(shorter.expires_at_ms, first.expires_at_ms);
    const longer = (await report(token, { symbol: 'BTCUSDT' }, 900_000)).body;
    assert.equal(longer.expires_at_ms, first.expires_at_ms + 300_000);
    await report(token, { symbol: 'ETHUSDT' });
    await report(newMonitor('other'), { symbol: 'BTCUSDT' });
    const ids = (await active('again')).map(({ signal_id, symbol }) => [signal_id, symbol]);
    assert.deepEqual(
      ids.filter(([, symbol]) => symbol === 'BTCUSDT'),
      [[longer.signal_id, 'BTCUSDT']],
    );
    assert.equal(ids.length, 2);
    assert.equal((await active('other')).length, 1);
    await world.operator('POST', `/v1/signals/${longer.signal_id}/end`, { reason: 'a false alarm' });
    assert.equal((await active('again')).length, 1, 'it ends with all that repeated it');
    const anew = (await report(token, { symbol: 'BTCUSDT' }, 1_000)).body;
    assert.equal(anew.expires_at_ms, world.nowMs() + 1_000, 'one that was ended lengthens nothing');
  });

  it('a flood fills no more than its reporter has, and other reporters go on', async () => {
    const token = newMonitor('flood');
    letBeKnown(Array.from({ length: 3_000 }, (_, i) => `agent-${i}`));
    const start = records();
    const statuses = new Map<string, number>();
    for (let i = 0; i < 3_000; i += 1) {
      if (i % 1_000 === 999) await world.advance(62_000);
      const { status, body } = await report(token, { agent: `agent-${i}` });
      const key = status === 200 ? '200' : `${status} ${body.error.code}`;
      statuses.set(key, (statuses.get(key) ?? 0) + 1);
    }
    assert.deepEqual([...statuses.keys()].sort(), ['200', '429 REFUSAL_RATE']);
    assert.equal(statuses.get('200'), 512, 'as many as may be active');
    assert.equal((await active('flood')).length, 512);
    await world.run(world.daemon.gate.core.settled());
    assert.equal(records() - start, 512);
    assert.equal((await report(newMonitor('honest'), {})).status, 200);
    assert.equal((await world.tool('cancel_all', {})).status, 200);
  });

  it('short ones leave nothing behind but what is kept of their reporter', async () => {
    const token = newMonitor('short');
    const { signals } = world.daemon.gate.core.state;
    const before = signals.size;
    letBeKnown(Array.from({ length: 4 * 390 }, (_, i) => `agent-${Math.floor(i / 390)}-${i % 390}`));
    for (let minute = 0; minute < 4; minute += 1) {
      for (let i = 0; i < 390; i += 1)
        assert.equal((await report(token, { agent: `agent-${minute}-${i}` }, 1)).status, 200);
      await world.advance(62_000);
    }
    assert.ok(signals.size - before <= 1_024, `${signals.size - before} kept`);
    assert.equal((await active('short')).length, 0);
  });
});
