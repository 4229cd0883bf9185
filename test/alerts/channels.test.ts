import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { findTargetProblem, isReachable, lookupWithin, reachesOf, reachOf } from '../../daemon/alerts/address.ts';
import { buildDispatch, type Dispatch } from '../../daemon/alerts/channels.ts';
import type { Message } from '../../daemon/alerts/message.ts';
import { createSecretReader } from '../../daemon/alerts/secrets.ts';
import { createSender } from '../../daemon/alerts/send.ts';
import type { AlertChannelSpec } from '../../daemon/contract/alerts.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { HeldDelays } from '../exchange-sim/hand-time.ts';
import { tempFolder } from '../temp-folder.ts';
import { until } from '../until.ts';
import { startReceiver } from './receiver.ts';

const WHSEC = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const env = (name: string) => ({ env: `HOLDFAST_ALERTS_SECRET_${name}` });
const read = createSecretReader('/', {
  HOLDFAST_ALERTS_SECRET_HOOK: WHSEC,
  HOLDFAST_ALERTS_SECRET_URL: 'https://hooks.example.com/T0/B0/secret',
  HOLDFAST_ALERTS_SECRET_BOT: '123:abc-DEF_1',
  HOLDFAST_ALERTS_SECRET_TOPIC: 'my-topic',
});
const MESSAGE: Message = {
  id: 'alert-abcdef01-12',
  kind: 'alert',
  atMs: Date.UTC(2026, 10, 27),
  venue: 'paper',
  consoleUrl: 'http://localhost:7433/',
  entries: [
    {
      code: 'ORDER_LOST',
      count: 3,
      detail: null,
      first_ms: Date.UTC(2026, 10, 26),
      first_seq: 9,
      last_ms: Date.UTC(2026, 10, 27),
      last_seq: 11,
      symbol: 'BTCUSDT',
    },
  ],
};
const http = async (channel: AlertChannelSpec, message = MESSAGE, nowMs = Date.now()) => {
  const dispatch = await buildDispatch(channel, message, read, nowMs);
  assert.equal(dispatch.kind, 'http');
  return dispatch as Dispatch & { readonly kind: 'http' };
};

describe('a message in the form of each channel', () => {
  const webhook = { webhook: { url: 'https://ops.example.com/in', secret: env('HOOK') } };

  it('a webhook is signed as Standard Webhooks says, and nothing else verifies [AK-3 AK-4 AL-29 AL-34]', async () => {
    const { body, headers } = await http(webhook);
    const verifier = new Webhook(WHSEC);
    const payload = verifier.verify(body, { ...headers }) as { type: string; data: { id: string } };
    assert.equal(payload.type, 'holdfast.alert');
    assert.equal(payload.data.id, headers['webhook-id']);
    assert.throws(() => verifier.verify(body.replace('ORDER_LOST', 'ORDER_SENT'), { ...headers }));
    assert.throws(() => verifier.verify(body, { ...headers, 'webhook-id': 'alert-abcdef01-13' }));
    const old = await http(webhook, MESSAGE, Date.now() - 400_000);
    assert.throws(() => verifier.verify(old.body, { ...old.headers }));
    assert.throws(() => new Webhook(`whsec_${Buffer.alloc(32, 8).toString('base64')}`).verify(body, { ...headers }));
  });

  it('two attempts at one message have the same body and id [AL-53]', async () => {
    const [one, two] = [await http(webhook, MESSAGE, 1_000), await http(webhook, MESSAGE, 9_000)];
    assert.equal(one.body, two.body);
    assert.equal(one.headers['webhook-id'], two.headers['webhook-id']);
    assert.notEqual(one.headers['webhook-timestamp'], two.headers['webhook-timestamp']);
  });

  it('chats get text with title, meaning, count, console and id [AK-5 AK-6 AL-9 AL-32]', async () => {
    const slack = await http({ slack: { url: env('URL') } });
    const discord = await http({ discord: { url: env('URL') } });
    const telegram = await http({ telegram: { token: env('BOT'), chat_id: '-100' } });
    const ntfy = await http({ ntfy: { topic: env('TOPIC') } });
    assert.equal(slack.url, 'https://hooks.example.com/T0/B0/secret');
    assert.equal(telegram.url, 'https://api.telegram.org/bot123:abc-DEF_1/sendMessage');
    assert.equal(ntfy.url, 'https://ntfy.sh');
    for (const { body } of [slack, discord, telegram, ntfy]) {
      for (const part of [
        'critical ORDER_LOST BTCUSDT',
        'could not be found out',
        '3 times',
        'localhost:7433',
        MESSAGE.id,
      ])
        assert.ok(body.replaceAll('\\\\', '').includes(part), `${part} in ${body}`);
    }
    assert.deepEqual(JSON.parse(discord.body).allowed_mentions, { parse: [] });
    assert.equal(JSON.parse(telegram.body).chat_id, '-100');
    assert.equal(JSON.parse(ntfy.body).priority, 5);
    assert.equal(JSON.parse(ntfy.body).topic, 'my-topic');
  });

  it("an alert's own words are told only where asked for, short and as text [AK-10 AL-11 AL-30 TM-12]", async () => {
    const [entry] = MESSAGE.entries;
    const reported = { ...MESSAGE, entries: [{ ...entry!, detail: `<!channel> 12.5 BTC ${'x'.repeat(9_000)}` }] };
    const slack = JSON.parse((await http({ slack: { url: env('URL') } }, reported)).body) as { text: string };
    assert.ok(slack.text.includes('&lt;!channel&gt; 12.5 BTC') && !slack.text.includes('<!channel>'));
    const discord = JSON.parse((await http({ discord: { url: env('URL') } }, reported)).body) as { content: string };
    assert.ok(discord.content.length <= 2_000);
    assert.ok((await http(webhook, reported)).body.length < 2_000);
  });

  it("an agent's words neither format, nor hide a link, nor ping anybody in a chat [AL-30 AL-31]", async () => {
    const [entry] = MESSAGE.entries;
    const words =
      '@everyone <@123> <@&4> <#5> <t:1:R> **b** _i_ ~~s~~ `c` ||x|| [a](https://e.example) \\* <!here> @ann';
    const reported = { ...MESSAGE, entries: [{ ...entry!, detail: `${words}\n# title\n> quote\n- item\n1. item` }] };
    const discord = JSON.parse((await http({ discord: { url: env('URL') } }, reported)).body);
    assert.deepEqual([discord.allowed_mentions, discord.flags], [{ parse: [] }, 4], 'no ping, no preview');
    // What is left when every escaped sign is taken away has no sign that means anything.
    const bare = String(discord.content).replaceAll(/\\[^A-Za-z0-9\s]/g, '');
    assert.doesNotMatch(bare, /[\\*_~`|<>[\]()#@]|^\s*(?:[-+]|\d+\.)\s/m, bare);
    assert.equal(
      String(discord.content)
        .replaceAll(/\\([^A-Za-z0-9\s])/g, '$1')
        .includes(words),
      true,
      'and reads as it was',
    );
    const slack = JSON.parse((await http({ slack: { url: env('URL') } }, reported)).body);
    assert.deepEqual(
      [slack.mrkdwn, slack.unfurl_links, slack.unfurl_media, slack.link_names],
      [false, false, false, false],
    );
    assert.doesNotMatch(slack.text, /[<>]/);
    const telegram = JSON.parse((await http({ telegram: { token: env('BOT'), chat_id: '-100' } }, reported)).body);
    assert.equal(telegram.parse_mode, undefined);
    assert.doesNotMatch(telegram.text, /@\w/, 'Telegram makes a mention of @name');
    const ntfy = JSON.parse((await http({ ntfy: { topic: env('TOPIC') } }, reported)).body);
    assert.equal(ntfy.markdown, undefined);
  });

  it('secrets that are missing, readable by others or of several lines are refused [AK-1 AL-35 AL-36 AL-39 TM-78]', async (t) => {
    const folder = tempFolder(t, 'secrets');
    const reader = createSecretReader(folder, {});
    const put = (name: string, text: string, mode = 0o600) => {
      writeFileSync(join(folder, name), text);
      chmodSync(join(folder, name), mode);
    };
    put('good', 'abc\n');
    put('open', 'abc\n', 0o644);
    put('key', '-----BEGIN KEY-----\nabc\n-----END KEY-----\n');
    put('empty', '');
    assert.equal(await reader({ file: 'good' }), 'abc');
    put('good', 'def\n');
    assert.equal(await reader({ file: 'good' }), 'def', 'a new one counts at once');
    for (const file of ['open', 'key', 'empty', 'absent', '.'])
      await assert.rejects(reader({ file }), { code: 'SECRET' }, file);
    await assert.rejects(reader(env('ABSENT')), { code: 'SECRET' });
    await assert.rejects(http({ webhook: { url: 'https://a.example', secret: env('TOPIC') } }), { code: 'SECRET' });
    await assert.rejects(http({ telegram: { token: env('TOPIC'), chat_id: '1' } }), { code: 'SECRET' });
  });
});

describe('where messages may be sent', () => {
  it('knows loopback, private, public and forbidden addresses, also wrapped in IPv6 [AK-11 AL-40 AL-41 AL-43]', () => {
    const table: [string, string | null][] = [
      ['127.0.0.1', 'loopback'],
      ['::1', 'loopback'],
      ['::ffff:127.0.0.1', 'loopback'],
      ['10.1.2.3', 'private'],
      ['172.15.255.255', 'public'],
      ['172.16.0.0', 'private'],
      ['172.31.255.255', 'private'],
      ['172.32.0.0', 'public'],
      ['192.168.0.1', 'private'],
      ['::ffff:192.168.0.1', 'private'],
      ['100.64.0.1', 'private'],
      ['fd00::1', 'private'],
      ['169.254.169.254', null],
      ['::ffff:169.254.169.254', null],
      ['fe80::1', null],
      ['0.0.0.0', null],
      ['224.0.0.1', null],
      ['64:ff9b::a9fe:a9fe', null],
      ['1.1.1.1', 'public'],
      ['2606:4700::1111', 'public'],
      ['::ffff:1.1.1.1', 'public'],
      // IPv4-compatible, site-local, translated, tunnelled, discarded, for benchmarks and documents.
      ['::127.0.0.1', null],
      ['::a9fe:a9fe', null],
      ['::1.1.1.1', null],
      ['fec0::1', null],
      ['feff::1', null],
      ['64:ff9b::127.0.0.1', null],
      ['64:ff9b::1.1.1.1', null],
      ['64:ff9b:1::1', null],
      ['::ffff:0:127.0.0.1', null],
      ['2002:7f00:1::', null],
      ['2002:a9fe:a9fe::1', null],
      ['2001::1', null],
      ['2001:2::1', null],
      ['2001:db8::1', null],
      ['3fff::1', null],
      ['100::1', null],
      ['5f00::1', null],
      ['4000::1', null],
      ['ff02::1', null],
      ['fe80::1%eth0', null],
      ['192.88.99.1', null],
      ['255.255.255.255', null],
      ['2001:4860:4860::8888', 'public'],
      ['2a00:1450::1', 'public'],
      ['example.com', null],
    ];
    for (const [address, reach] of table) assert.equal(reachOf(address), reach, address);
  });

  it('other spellings of an address are judged as what they are [AL-43]', () => {
    for (const url of ['http://2130706433/', 'http://0x7f.1/', 'http://127.1/'])
      assert.equal(findTargetProblem(url), null);
    for (const url of [
      'http://0xa9fea9fe/',
      'https://0xa9fea9fe/',
      'https://[::ffff:169.254.169.254]/',
      'ftp://a/',
      'x',
    ])
      assert.notEqual(findTargetProblem(url), null, url);
    const allowed = (url: string, mayBePrivate: boolean) => isReachable(url, reachesOf(url, mayBePrivate));
    assert.equal(allowed('https://10.0.0.1/', false), false);
    assert.equal(allowed('https://10.0.0.1/', true), true);
    assert.equal(allowed('https://127.0.0.1/', false), true);
  });

  it('a name that leads to this machine is not connected to, unless it says so [AK-11 AL-44]', async () => {
    const look = (reaches: ReturnType<typeof reachesOf>) =>
      new Promise<string>((resolve) =>
        lookupWithin(reaches)('localhost', {}, (error, address) => resolve(error?.message ?? String(address))),
      );
    assert.match(await look(new Set(['public', 'private'])), /no address that may be sent to/);
    assert.match(await look(new Set(['loopback'])), /^(?:127\.0\.0\.1|::1)$/);
  });
});

describe('one attempt', () => {
  // A busy machine may take long for what is done; what hangs hangs for as long as one waits.
  const patient = createSender(SYSTEM_TIME, true, 60_000);
  const deadlines = new HeldDelays();
  const hasty = createSender(deadlines, true, 60_000);
  const sender = createSender(SYSTEM_TIME, true, 300);
  after(() => Promise.all([patient.close(), hasty.close(), sender.close()]));
  const post = (url: string, by = patient) =>
    by.send({ kind: 'http', url, mayBePrivate: false, headers: {}, body: '{"a":1}' } as const);

  it('counts as delivered with 2xx alone; a redirect is not followed [AL-13 AL-45 AL-52]', async (t) => {
    const other = await startReceiver();
    const receiver = await startReceiver();
    t.after(() => Promise.all([receiver.close(), other.close()]));
    assert.deepEqual(await post(receiver.url), { kind: 'taken', detail: 'HTTP 200' });
    assert.equal(receiver.received[0]?.text, '{"a":1}');
    const isPermanent = {
      400: true,
      401: false,
      404: false,
      410: false,
      413: true,
      415: true,
      422: true,
      429: false,
      500: false,
    };
    for (const [status, expected] of Object.entries(isPermanent)) {
      receiver.behaviour = Number(status);
      const outcome = await post(receiver.url);
      assert.ok(outcome.kind === 'failed' && outcome.isPermanent === expected, status);
    }
    receiver.behaviour = { status: 429, headers: { 'retry-after': '7' } };
    const limited = await post(receiver.url);
    assert.ok(limited.kind === 'failed' && limited.retryAfterMs === 7_000);
    receiver.behaviour = { status: 307, headers: { location: other.url } };
    assert.equal((await post(receiver.url)).kind, 'failed');
    assert.equal(other.received.length, 0);
  });

  it('ends when the receiver hangs, cuts the connection, or is gone [AL-45]', async () => {
    const receiver = await startReceiver('hang');
    const asked = post(receiver.url, hasty);
    await until('it hangs', () => receiver.received.length > 0);
    deadlines.release();
    const hung = await asked;
    assert.ok(hung.kind === 'failed' && /no answer within/.test(hung.detail));
    receiver.behaviour = 'cut';
    assert.equal((await post(receiver.url)).kind, 'failed');
    await receiver.close();
    const gone = await post(receiver.url);
    assert.ok(gone.kind === 'failed' && gone.detail === 'ECONNREFUSED', JSON.stringify(gone));
  });

  it('a program gets the message, fixed arguments, no environment and no shell, and ends in time [AK-7 AK-8 AL-33 AL-46 AL-48 AL-49 AL-50]', async (t) => {
    const folder = tempFolder(t, 'exec');
    const out = join(folder, 'out');
    const script = `let s='';process.stdin.on('data',d=>s+=d).on('end',()=>require('fs').writeFileSync(process.argv[1],JSON.stringify({s,args:process.argv.slice(2),env:Object.keys(process.env),cwd:process.cwd()})))`;
    process.env.HOLDFAST_TEST_LEAK = 'leak';
    t.after(() => delete process.env.HOLDFAST_TEST_LEAK);
    const run = (command: readonly string[]) => patient.send({ kind: 'exec', command, input: 'hello\n' });
    assert.equal((await run([process.execPath, '-e', script, out, '$(id); `id`'])).kind, 'taken');
    const seen = JSON.parse(readFileSync(out, 'utf8')) as { s: string; args: string[]; env: string[]; cwd: string };
    assert.deepEqual(
      { ...seen, env: seen.env.filter((name) => !/^_|^PWD$|^SHLVL$/.test(name)) },
      { s: 'hello\n', args: ['$(id); `id`'], env: [], cwd: '/' },
    );
    assert.deepEqual(await run(['/bin/false']), {
      kind: 'failed',
      detail: 'exit code 1',
      isPermanent: false,
      retryAfterMs: null,
    });
    assert.equal((await run([join(folder, 'absent')])).kind, 'failed');
    const without = createSender(SYSTEM_TIME, false);
    const marker = join(folder, 'ran');
    const refused = await without.send({ kind: 'exec', command: ['/usr/bin/touch', marker], input: '' });
    assert.ok(refused.kind === 'failed' && /--alerts-exec/.test(refused.detail));
    assert.equal(existsSync(marker), false, 'routes in the ledger may name programs that this start does not permit');
    const late = await sender.send({ kind: 'exec', command: ['/bin/sleep', '60'], input: '' });
    assert.ok(late.kind === 'failed' && /did not end within/.test(late.detail));
  });
});
