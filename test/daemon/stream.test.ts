import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { createParser } from 'eventsource-parser';
import { DaemonWorld, until } from './harness.ts';

interface Reported {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly payload: { readonly [key: string]: unknown };
}

describe('the stream of an agent', () => {
  let world: DaemonWorld;
  let other: string;
  const responses: IncomingMessage[] = [];
  before(async () => {
    world = await DaemonWorld.start({ real: true });
    other = world.createAgent('other');
  });
  after(async () => {
    for (const response of responses) response.destroy();
    await world?.close();
  });

  async function open(token: string, lastEventId?: string) {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const resume = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
      const headers = { authorization: `Bearer ${token}`, ...resume };
      get(`${world.daemon.url}/v1/stream`, { headers }, resolve).on('error', reject);
    });
    responses.push(response);
    const reported: Reported[] = [];
    const parser = createParser({
      onEvent: ({ id, event, data }) => reported.push({ id, event, payload: JSON.parse(data).payload }),
    });
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => parser.feed(chunk));
    return { response, reported };
  }

  it('tells its own decisions and fills, and nothing of others', async () => {
    const mine = await open(world.token('agent'));
    const theirs = await open(other);
    assert.match(String(mine.response.headers['content-type']), /^text\/event-stream/);
    const { body } = await world.place();
    await world.refresh();
    await until('the fill is told', () => mine.reported.some(({ event }) => event === 'fill'));
    const [decision, fill] = mine.reported;
    assert.deepEqual(
      [decision?.event, decision?.payload.decision_id, decision?.payload.decision, decision?.payload.tool],
      ['decision', body.decision.decision_id, 'ALLOW', 'place_order'],
    );
    assert.equal(decision?.payload.verdicts, undefined, 'in brief');
    assert.deepEqual([fill?.event, fill?.payload.decision_id], ['fill', body.decision.decision_id]);
    await world.place({ symbol: 'DOGEUSDT' }, other);
    await until('the other is told', () => theirs.reported.length > 0);
    assert.deepEqual(
      theirs.reported.map(({ payload }) => payload.decision),
      ['BLOCK'],
    );
    assert.ok(mine.reported.every(({ payload }) => payload.decision !== 'BLOCK'));
  });

  it('tells nothing that is not on disk yet', async () => {
    const agent = world.createAgent('patient');
    const { reported } = await open(agent);
    const { gate } = world.daemon;
    const settle: (() => void)[] = [];
    const { settled } = gate;
    gate.settled = () => new Promise((resolve) => settle.push(resolve));
    try {
      // Two in a row: the second page waits for the first.
      const asked = ['DOGEUSDT', 'XRPUSDT'].map((symbol) => world.place({ symbol }, agent));
      await Promise.all(asked);
      await until('the stream has asked for it', () => settle.length > 0);
      assert.equal(reported.length, 0);
      await until('all of it is told once it is there', () => {
        for (const each of settle.splice(0)) each();
        return reported.length >= 2;
      });
    } finally {
      gate.settled = settled;
      for (const each of settle) each();
    }
    assert.deepEqual(
      reported.map(({ payload }) => payload.symbol),
      ['DOGEUSDT', 'XRPUSDT'],
    );
  });

  it('goes on after the last event that was seen', async () => {
    const all = await open(world.token('agent'), '0');
    await until('all is told', () => all.reported.length >= 2);
    const rest = await open(world.token('agent'), all.reported[0]?.id);
    await until('the rest is told', () => rest.reported.length >= 1);
    assert.deepEqual(rest.reported[0], all.reported[1]);
  });

  it('is for agents, and one agent has four', async () => {
    for (const role of ['operator', 'monitor'] as const)
      assert.equal((await world.call('GET', '/v1/stream', undefined, world.token(role))).status, 403);
    const fifth = world.createAgent('fifth');
    for (let count = 0; count < 4; count += 1) assert.equal((await open(fifth)).response.statusCode, 200);
    assert.equal((await open(fifth)).response.statusCode, 429);
    assert.equal((await open(other)).response.statusCode, 200, 'another agent has its own');
  });
});
