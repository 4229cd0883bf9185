import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { createEmergencyVenue, createVenue, type VenueConfig } from '../../daemon/venue/create-venue.ts';
import { DomainClock } from '../../daemon/venue/wire/clock.ts';
import type { HttpExchange } from '../../daemon/venue/wire/transport.ts';
import { API_KEY, FakeExchange, SECRET } from './fake-exchange.ts';

const CONDITIONAL = {
  algoId: 1,
  clientAlgoId: 'stop-limit',
  algoType: 'CONDITIONAL',
  orderType: 'STOP',
  symbol: 'BTCUSDT',
  side: 'BUY',
  algoStatus: 'NEW',
  quantity: '0.010',
  price: '61000.0',
  triggerPrice: '60500.0',
  closePosition: false,
  reduceOnly: false,
  updateTime: 1,
};
const REGULAR = {
  orderId: 2,
  clientOrderId: 'stop-limit',
  symbol: 'BTCUSDT',
  side: 'BUY',
  type: 'LIMIT',
  status: 'NEW',
  origQty: '0.010',
  executedQty: '0',
  price: '61000.0',
  stopPrice: '0',
  closePosition: false,
  reduceOnly: false,
  updateTime: 2,
};

/** An exchange on which a conditional limit order triggers once the first list has been answered. */
function triggering(): HttpExchange {
  const plain = new FakeExchange();
  let hasTriggered = false;
  const list = (path: string): unknown => {
    const isConditional = path.endsWith('openAlgoOrders');
    const rows = isConditional === hasTriggered ? [] : [isConditional ? CONDITIONAL : REGULAR];
    hasTriggered = true;
    return rows;
  };
  return ({ method, url }) => {
    const { pathname: path } = new URL(url);
    const body =
      path.includes('openA') || path.includes('openO') ? list(path) : plain.defaultBody({ method, path, params: {} });
    return Promise.resolve({ status: 200, headers: {}, text: JSON.stringify(body) });
  };
}

async function connect<T>(create: (config: VenueConfig) => Promise<T>): Promise<T> {
  const clock = new DomainClock(SYSTEM_TIME);
  clock.sync({ kind: 'ok', value: Date.now() }, 0);
  const access = { venue: 'paper', baseUrl: 'http://127.0.0.1:1', apiKey: API_KEY, secret: SECRET } as const;
  return create({ access, clock, time: SYSTEM_TIME, readWeightPerMinute: null, exchange: triggering() });
}

for (const symbols of [['BTCUSDT'], []]) {
  const of = symbols.length === 0 ? 'the account' : 'a symbol';
  test(`flatten --emergency finds a conditional limit order that triggers between the two lists of ${of}`, async () => {
    const { reads } = await connect(createEmergencyVenue);
    assert.equal((await reads.loadSymbols()).kind, 'ok');
    const lists = await reads.fetchOpenOrders(symbols);
    assert.ok(lists.kind === 'ok' && lists.value.rows.some((order) => order.clientOrderId === 'stop-limit'));
  });
  test(`a running daemon does so, too: of ${of}`, async () => {
    const venue = await connect(createVenue);
    assert.equal((await venue.fetchRules(['BTCUSDT'])).kind, 'ok');
    const listed = await venue.fetchOpenOrders(symbols);
    assert.ok(listed.kind === 'ok' && listed.value.rows.some((order) => order.clientOrderId === 'stop-limit'));
  });
}
