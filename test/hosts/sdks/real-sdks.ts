import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TOOL_NAMES } from '../../../daemon/core/request.ts';
import type { DecisionEvent } from '../../../daemon/engine/records/decisions.ts';
import type { Answer } from '../../../integrations/typescript/holdfast.ts';
import { DaemonWorld } from '../../daemon/harness.ts';
import { WITHOUT_COOLDOWNS } from '../../daemon/policy-edits.ts';
import { type CuttingProxy, startCuttingProxy } from '../../integrations/cutting-proxy.ts';
import { type FakeProviders, namesOffered, startFakeProviders } from '../../integrations/fake-providers.ts';
import { CopiedExamples, type Ended } from './copied-examples.ts';

/** Started by scripts/hosts/sdks.mjs, which says where the packages are. */
const PACKAGES = process.env.HOLDFAST_FOREIGN ?? '';
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const ORDER = {
  symbol: 'ETHUSDT',
  intent: 'open',
  side: 'buy',
  requested_notional: 400,
  requested_leverage: 1,
  order_type: 'market',
  max_slippage_bps: 10,
  strategy_id: 'sdks',
};
const TOO_LARGE = { ...ORDER, symbol: 'BTCUSDT', requested_notional: 900_000 };
const OUTSIDE = { ...ORDER, symbol: 'DOGEUSDT' };
const MALFORMED = { ...ORDER, side: 'up' };
const PROMPT = 'Buy 400 USDT of ETH, 900,000 of BTC and 400 of DOGE.';

interface Sdk {
  readonly example: string;
  /** Of the model's provider. */
  readonly path: string;
  readonly env: (url: string) => Readonly<Record<string, string>>;
  /** Of the tools' names, where they have that of their server. */
  readonly prefix: string;
  /** A tool that the SDK itself adds. */
  readonly ownTool?: string;
  /** Of a call, by its number in the conversation. */
  readonly requestId: (call: number) => RegExp;
  /** What the model is told of an order whose side is none. */
  readonly complaint: RegExp;
}
const openai = (url: string): Readonly<Record<string, string>> => ({ OPENAI_BASE_URL: url, OPENAI_API_KEY: '-' });
const ofConversation = (call: number): RegExp => new RegExp(`^talk-[a-z-]+-call_${call}$`);
/** The daemon's own words. */
const INVALID = /"code":"INVALID_INPUT".*"path":"side"/;
const SDKS: Readonly<Record<string, Sdk>> = {
  'Claude Agent SDK': {
    example: 'claude-agent.ts',
    path: '/v1/messages',
    env: (url) => ({
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_API_KEY: '-',
      // It sends nothing off this machine.
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    }),
    prefix: 'mcp__holdfast__',
    // It keeps deferred loading of tools on, and does nothing.
    ownTool: 'DeferredToolPlaceholder',
    requestId: () => /^mcp-[0-9a-f-]{36}$/,
    complaint: INVALID,
  },
  'OpenAI Agents': {
    example: 'openai-agents.ts',
    path: '/responses',
    env: openai,
    prefix: '',
    requestId: ofConversation,
    complaint: INVALID,
  },
  'Vercel AI SDK': {
    example: 'vercel-ai.ts',
    path: '/chat/completions',
    env: openai,
    prefix: '',
    requestId: ofConversation,
    complaint: INVALID,
  },
  LangChain: {
    example: 'langchain.ts',
    path: '/chat/completions',
    env: openai,
    prefix: '',
    requestId: ofConversation,
    // Its own check is before the gate's.
    complaint: /did not match expected schema/,
  },
};

describe('the examples in the packages of the agent SDKs, against a daemon on paper', () => {
  let world: DaemonWorld;
  let proxy: CuttingProxy;
  let examples: CopiedExamples;
  const orders = async () => (await world.books()).orders;
  const find = (id: string): DecisionEvent =>
    world.daemon.gate.core.ports.ledger.findDecision(id)?.payload as DecisionEvent;
  before(async () => {
    assert.ok(existsSync(join(PACKAGES, 'langchain')), 'run `npm run test:sdks`');
    world = await DaemonWorld.start({
      real: true,
      wall: true,
      isPatient: true,
      policy: {
        'temporal.duplicate_exempt': ['BTCUSDT', 'ETHUSDT'],
        'temporal.breaker.repeats': 100,
        ...WITHOUT_COOLDOWNS,
      },
    });
    proxy = await startCuttingProxy(world.daemon.url, [world.token('agent')]);
    examples = new CopiedExamples(ROOT, PACKAGES);
  });
  after(async () => {
    examples?.remove();
    await proxy?.close();
    await world?.close();
  });
  beforeEach(async () => {
    for (const { symbol } of await world.positions()) await world.tool('close_position', { symbol });
  });

  /** The orders in a conversation of the SDK's own, with a model whose calls are numbered from 1 on. */
  async function talk(sdk: Sdk, url = proxy.url): Promise<Ended & Pick<FakeProviders, 'requests'>> {
    const model = await startFakeProviders([
      // The answer to the first order is lost twice.
      { tool: 'place_order', args: ORDER, before: () => proxy.loseAnswers(2) },
      { tool: 'place_order', args: TOO_LARGE },
      { tool: 'place_order', args: OUTSIDE },
      { tool: 'place_order', args: MALFORMED },
    ]);
    try {
      const ended = await examples.run(sdk.example, PROMPT, {
        ...sdk.env(model.url),
        HOLDFAST_URL: url,
        HOLDFAST_HOME: world.home,
        CONVERSATION: `talk-${sdk.example.split('.')[0]}`,
      });
      return { ...ended, requests: model.requests };
    } finally {
      await model.close();
    }
  }
  /** What the user was told, where the model says what it was shown. */
  function readReported({ status, stdout, stderr }: Ended): {
    readonly answers: readonly Answer[];
    readonly complaint: string;
  } {
    assert.equal(status, 0, `${stdout}${stderr}`);
    assert.match(stdout, /^Seen: /, stderr);
    const lines = stdout.slice('Seen: '.length).trim().split('\n');
    const answers = lines.slice(0, 3).map((line) => JSON.parse(line) as Answer);
    return { answers, complaint: lines.slice(3).join('\n') };
  }

  it('each of them agrees with the declarations of its package', () => {
    const wrong = "import { Agent } from '@openai/agents';\nexport const agent = new Agent({ named: 'x' });\n";
    const said = examples.checkTypes(wrong).trim().split('\n');
    // The compiler looked: what is wrong in the further file is all that it finds.
    assert.match(said[0] ?? '', /^examples\/sdks\/more\.ts\(2,\d+\): error .*'named'/);
    assert.deepEqual(
      said.slice(1).filter((line) => !line.startsWith(' ')),
      [],
    );
  });

  for (const [name, sdk] of Object.entries(SDKS)) {
    it(`${name}: an order is sent, one is cut, two are refused, and the user is told so`, async () => {
      const sent = (await orders()).length;
      const ended = await talk(sdk);
      const { answers, complaint } = readReported(ended);
      assert.deepEqual(
        answers.map(({ decision, reasons }) => [decision, reasons?.[0]?.code]),
        [
          ['ALLOW', undefined],
          ['LIMIT', 'BUDGET_NOTIONAL'],
          ['BLOCK', 'SCOPE_SYMBOL'],
        ],
        ended.stderr,
      );
      const placed = (await orders()).slice(sent);
      assert.deepEqual(
        placed.map(({ symbol }) => symbol),
        ['ETHUSDT', 'BTCUSDT'],
        'an answer that was lost twice is no second order, and nothing else is one',
      );
      const [allowed, limited, blocked] = answers;
      assert.equal(Number(limited?.order?.quantity), Number(placed[1]?.quantity));
      assert.ok((limited?.order?.notional_usdt ?? 0) <= 1_000);
      assert.deepEqual([blocked?.order, blocked?.execution.state], [undefined, 'none']);
      assert.ok((blocked?.reasons?.[0]?.hint ?? '') !== '');
      for (const [index, answer] of [allowed, limited, blocked].entries())
        assert.match(find(answer?.decision_id ?? '').request.request_id ?? '', sdk.requestId(index + 1));
      assert.match(complaint, sdk.complaint);
      assertOffered(sdk, ended);
    });
  }

  for (const [name, sdk] of Object.entries(SDKS)) {
    if (sdk.requestId !== ofConversation) continue;
    it(`${name}: the same conversation, run again, sends nothing again`, async () => {
      const sent = (await orders()).length;
      const { answers } = readReported(await talk(sdk));
      assert.deepEqual(
        answers.map(({ decision, reasons }) => [decision, reasons?.[0]?.code]),
        [
          ['ALLOW', undefined],
          ['LIMIT', 'BUDGET_NOTIONAL'],
          ['BLOCK', 'SCOPE_SYMBOL'],
        ],
      );
      assert.equal((await orders()).length, sent);
    });
  }

  it('where no daemon answers, no turn begins; behind the bridge each call is told that nothing was sent', async () => {
    const nowhere = 'http://127.0.0.1:9';
    const turns = Object.entries(SDKS).map(async ([name, sdk]) => ({ name, sdk, ...(await talk(sdk, nowhere)) }));
    for (const { name, sdk, status, stdout, stderr, requests } of await Promise.all(turns)) {
      if (sdk.prefix === '') {
        assert.deepEqual([status, stdout, requests.length], [1, '', 0], name);
        assert.match(stderr, /no daemon of this token answers at 127\.0\.0\.1:9/, name);
        continue;
      }
      assert.deepEqual([status, requests.length], [0, 5], name);
      const reported = [...stdout.matchAll(/"code":"UNREACHABLE","message":"([^"]+)"/g)].map(([, message]) => message);
      assert.equal(reported.length, 4, stdout);
      for (const message of reported)
        assert.match(message ?? '', /^The daemon is not running at http:\/\/127\.0\.0\.1:9; .* Nothing was sent\.$/);
    }
  });

  /** The gate's tools with venue and schema, its rules, and no other tool. */
  function assertOffered(sdk: Sdk, { requests }: Pick<FakeProviders, 'requests'>): void {
    assert.equal(requests.length, 5);
    for (const { path, body } of requests) {
      assert.equal(path, sdk.path);
      const names = namesOffered(body).filter((each) => each !== sdk.ownTool);
      assert.deepEqual([...names].sort(), TOOL_NAMES.map((each) => `${sdk.prefix}${each}`).sort());
      const text = JSON.stringify(body);
      assert.match(text, /Venue: paper, simulated money/);
      assert.match(text, /requested_notional/);
      assert.match(text, /Tell the user what was decided, with the figures of the answer/);
    }
  }
});
