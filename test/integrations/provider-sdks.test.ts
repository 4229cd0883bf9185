import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { toStrictJsonSchema } from 'openai/lib/transform';
import { Holdfast, type ToolForms } from '../../integrations/typescript/holdfast.ts';
import { DaemonWorld, order } from '../daemon/harness.ts';
import { WITHOUT_COOLDOWNS } from '../daemon/policy-edits.ts';
import { type FakeProviders, startFakeProviders } from './fake-providers.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ORDER = order({ requested_notional: 181.5, max_slippage_bps: 10, strategy_id: 'sdks' });

/** What the SDKs take in `tools`, by the format that is written for it. */
const SDK_TYPES = {
  openai: "import('openai/resources/chat/completions').ChatCompletionFunctionTool",
  openai_strict: "import('openai/resources/chat/completions').ChatCompletionFunctionTool",
  openai_responses: "import('openai/resources/responses/responses').FunctionTool",
  anthropic: "import('@anthropic-ai/sdk/resources/messages').Tool",
} as const;
type Format = keyof typeof SDK_TYPES;
const FORMATS = Object.keys(SDK_TYPES) as Format[];

describe("the catalogues in the model providers' own SDKs, against a daemon on paper", () => {
  let world: DaemonWorld;
  let gate: Holdfast;
  let providers: FakeProviders;
  let openai: OpenAI;
  let anthropic: Anthropic;
  before(async () => {
    world = await DaemonWorld.start({
      real: true,
      wall: true,
      isPatient: true,
      policy: { 'temporal.duplicate_exempt': ['BTCUSDT'], ...WITHOUT_COOLDOWNS },
    });
    gate = new Holdfast({ url: world.daemon.url, token: world.token('agent') });
    // A model under a strict schema gives what it leaves out as null.
    const [placeOrder] = await gate.tools('openai_strict');
    assert.equal(placeOrder?.function.name, 'place_order');
    const names = Object.keys(placeOrder.function.parameters.properties as object);
    const strict = { ...Object.fromEntries(names.map((name) => [name, null])), ...ORDER };
    providers = await startFakeProviders([{ tool: 'place_order', args: strict }]);
    openai = new OpenAI({ apiKey: '-', baseURL: providers.url, maxRetries: 0 });
    anthropic = new Anthropic({ apiKey: '-', baseURL: providers.url, maxRetries: 0 });
  });
  after(async () => {
    await providers?.close();
    await world?.close();
  });
  beforeEach(() => providers.requests.splice(0));

  /** What the daemon itself lists, past the client. */
  const served = async (format: Format): Promise<readonly unknown[]> => {
    const headers = { authorization: `Bearer ${world.token('agent')}` };
    const answer = await fetch(`${world.daemon.url}/v1/tools?format=${format}`, { headers });
    return ((await answer.json()) as { readonly tools: readonly unknown[] }).tools;
  };
  const callGate = async (name: string, args: object, id: string): Promise<string> =>
    JSON.stringify(await gate.call(name, { ...args, request_id: id }));
  /** The turn ended with an order at the exchange, and the SDK sent the daemon's entries as they are. */
  async function assertTurn(format: Format, turn: () => Promise<string>): Promise<void> {
    const sent = (await world.books()).orders.length;
    const said = await turn();
    assert.match(said, /^Seen: \{"decision":"(ALLOW|LIMIT)"/);
    assert.equal((await world.books()).orders.length, sent + 1);
    assert.equal(providers.requests.length, 2);
    const tools = await served(format);
    assert.equal(tools.length, 13);
    for (const { body } of providers.requests) assert.deepEqual(body.tools, tools);
  }

  async function chat(tools: ToolForms['openai'][], isStrict: boolean): Promise<string> {
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Buy.' }];
    for (;;) {
      const asked = { model: 'scripted', messages, tools };
      // `parse` validates: it takes strict function tools only.
      const { choices } = await (isStrict
        ? openai.chat.completions.parse(asked)
        : openai.chat.completions.create(asked));
      const message = choices[0]?.message;
      assert.ok(message !== undefined);
      messages.push(message);
      for (const call of message.tool_calls ?? []) {
        assert.ok(call.type === 'function');
        const content = await callGate(call.function.name, JSON.parse(call.function.arguments), call.id);
        messages.push({ role: 'tool', tool_call_id: call.id, content });
      }
      if (message.tool_calls === undefined || message.tool_calls.length === 0) return message.content ?? '';
    }
  }

  it('openai, chat completions', () => assertTurn('openai', async () => chat(await gate.tools('openai'), false)));
  it('openai, chat completions with strict tools, which its own check accepts', () =>
    assertTurn('openai_strict', async () => chat(await gate.tools('openai_strict'), true)));
  it("openai's own check refuses the tools that are not strict", async () => {
    await assert.rejects(chat(await gate.tools('openai'), true), /place_order.*strict: true/);
    assert.equal(providers.requests.length, 0);
  });
  it("openai's own conversion to strict schemas has nothing to change in the strict ones", async () => {
    for (const { name, parameters } of await gate.tools('openai_responses'))
      assert.deepEqual(toStrictJsonSchema(parameters as Parameters<typeof toStrictJsonSchema>[0]), parameters, name);
    const [{ function: loose } = assert.fail()] = await gate.tools('openai');
    const schema = loose.parameters as Parameters<typeof toStrictJsonSchema>[0];
    assert.throws(() => toStrictJsonSchema(schema), /optional.*nullable/, 'it takes no others');
  });
  it('openai, responses', () =>
    assertTurn('openai_responses', async () => {
      const tools = await gate.tools('openai_responses');
      const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'Buy.' }];
      for (;;) {
        const response = await openai.responses.create({ model: 'scripted', input, tools });
        const calls = response.output.filter((item) => item.type === 'function_call');
        if (calls.length === 0) return response.output_text;
        for (const call of calls) {
          const output = await callGate(call.name, JSON.parse(call.arguments), call.call_id);
          input.push(call, { type: 'function_call_output', call_id: call.call_id, output });
        }
      }
    }));
  it('anthropic, messages', () =>
    assertTurn('anthropic', async () => {
      const tools = await gate.tools('anthropic');
      const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'Buy.' }];
      for (;;) {
        const { content } = await anthropic.messages.create({ model: 'scripted', max_tokens: 100, messages, tools });
        const calls = content.filter((block) => block.type === 'tool_use');
        if (calls.length === 0) return content.map((block) => (block.type === 'text' ? block.text : '')).join('');
        messages.push({ role: 'assistant', content });
        for (const { id, name, input } of calls) {
          const result = await callGate(name, input as object, id);
          messages.push({ role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: result }] });
        }
      }
    }));

  it("the entries as the daemon serves them have the SDKs' types, without one member more", async () => {
    const catalogues = new Map<Format, readonly unknown[]>();
    for (const format of FORMATS) catalogues.set(format, await served(format));
    assert.equal(await compile(catalogues), '');
    // The compiler looked: it names an entry with a member too many, and one whose schema is none.
    const [first] = catalogues.get('anthropic') as readonly { readonly input_schema: object }[];
    const more = { ...first, title: 'x' };
    const wrong = { ...first, input_schema: { ...first?.input_schema, type: 'array' } };
    const errors = await compile(new Map([['anthropic', [more, wrong]]]));
    assert.match(errors, /'"title"' does not exist/);
    assert.match(errors, /'"array"' is not assignable to type '"object"'/);
  });
});

/** What TypeScript says about them as literals. */
async function compile(catalogues: ReadonlyMap<Format, readonly unknown[]>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-sdks-'));
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const lines = [...catalogues].map(
      ([format, tools]) => `export const ${format} = ${JSON.stringify(tools)} satisfies ${SDK_TYPES[format]}[];\n`,
    );
    writeFileSync(join(folder, 'catalogues.ts'), lines.join(''));
    const compilerOptions = { noEmit: true, rootDir: folder };
    const config = { extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: [folder], exclude: [] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const child = spawn(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return await text(child.stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
