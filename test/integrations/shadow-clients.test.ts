import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Holdfast } from '../../integrations/typescript/holdfast.ts';
import { DaemonWorld } from '../daemon/harness.ts';

const SKIP = spawnSync('python3', ['-c', 'import http.client, dataclasses']).status === 0 ? false : 'no python3';
const LIBRARY = fileURLToPath(new URL('../../integrations/python', import.meta.url));
const ORDER = {
  symbol: 'ETHUSDT',
  intent: 'open',
  side: 'buy',
  requested_notional: 5_000,
  requested_leverage: 1,
  order_type: 'market',
  max_slippage_bps: 10,
  strategy_id: 'clients',
} as const;

/** Price and fees of a fill come in later. */
function withoutFills(answer: unknown): object {
  const { execution, ...rest } = answer as { readonly execution: { readonly state: string } };
  return { ...rest, state: execution.state };
}

describe('clients of a daemon in mode shadow', () => {
  let world: DaemonWorld;
  before(async () => {
    world = await DaemonWorld.start({
      real: true,
      wall: true,
      policy: { mode: 'shadow', 'scope.venues': ['paper'] },
    });
  });
  after(() => world?.close());

  it('Python: a model is shown what TypeScript shows, and that the decision did not bind', { skip: SKIP }, async () => {
    const typescript = new Holdfast({ url: world.daemon.url, token: world.token('agent') });
    const program = `
import json, os
from holdfast import Holdfast
gate = Holdfast(os.environ["HOLDFAST_URL"])
order = json.loads(os.environ["ORDER"])
asked = gate.settle(gate.place_order("ETHUSDT", "buy", 5000, "clients", request_id="one"))
print(json.dumps([
    asked.enforced,
    gate.call("place_order", order, request_id="one"),
    gate.call("get_decision", {"decision_id": asked.decision_id}),
    gate.call("get_order_book", {"symbol": "BTCUSDT", "tool": 1, "self": 2})["error"]["details"],
]))
`;
    const env = {
      ...process.env,
      HOLDFAST_URL: world.daemon.url,
      HOLDFAST_TOKEN: world.token('agent'),
      ORDER: JSON.stringify(ORDER),
      PYTHONPATH: LIBRARY,
      PYTHONDONTWRITEBYTECODE: '1',
    };
    const { stdout } = await promisify(execFile)('python3', ['-c', program], { env });
    const [enforced, placed, read, refused] = JSON.parse(stdout);
    assert.deepEqual([enforced, placed.enforced, placed.decision], [false, false, 'LIMIT']);
    assert.deepEqual(withoutFills(placed), withoutFills(await typescript.call('place_order', ORDER, 'one')));
    assert.deepEqual(withoutFills(read), withoutFills(placed));
    const wrong = refused.violations.map(({ path }: { path: string }) => path);
    assert.deepEqual(wrong.sort(), ['self', 'tool'], 'what a model made up is refused by name');
  });
});
