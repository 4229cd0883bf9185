import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ConfigError, readClientEnv, readEnv, readVenueEnv } from '../daemon/config/config.ts';
import { SETTING_NAMES, START_FLAGS } from '../daemon/config/settings.ts';
import { holdfast } from './cli/run.ts';
import { tempFolder } from './temp-folder.ts';

const PACKAGE = fileURLToPath(new URL('../', import.meta.url));
const folder = tempFolder({ after }, 'config');
const file = (name: string) => join(folder, name);

before(() => {
  for (const [name, text] of [
    ['key', 'demo-key\n'],
    ['secret', 'demo-secret\n'],
    ['empty', ''],
    ['spaces', 'two words'],
    ['loose', 'demo-key'],
    ['policy.yaml', 'version: 1\n'],
  ] as const) {
    writeFileSync(file(name), text, { mode: 0o600 });
  }
  chmodSync(file('loose'), 0o666);
});

function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems;
  }
  return [];
}

test('an empty environment gives the paper venue on loopback, with the policy of the package [TM-96]', () => {
  assert.deepEqual(readEnv({}), {
    config: {
      home: join(homedir(), '.holdfast'),
      venue: 'paper',
      policyPath: join(PACKAGE, 'policies', 'default.yaml'),
      alertsPath: join(PACKAGE, 'policies', 'alerts.yaml'),
      isAlertsNamed: false,
      alertsExec: false,
      listen: { kind: 'tcp', host: '127.0.0.1', port: 7433 },
      passedSockets: [],
      allowedHosts: [],
      remoteConsole: null,
      paper: { url: null, market: 'synthetic', seed: null, speed: 1 },
      logLevel: 'info',
      answerWithinMs: 3000,
      archiveBeforeMs: null,
      leaveOrders: false,
      headFile: join(homedir(), '.holdfast.paper.head'),
      lockFolder: join(userInfo().homedir, '.holdfast-locks'),
      liveArmed: false,
      countdown: 'unknown',
      traces: null,
    },
    secrets: { venueKeys: { apiKey: 'paper', secret: 'paper-secret' }, simToken: null, alerts: {} },
  });
});

test('every setting is read, and paths become absolute', () => {
  const { config, secrets } = readEnv({
    HOME: '/home/anna',
    HOLDFAST_HOME: '~/state',
    HOLDFAST_POLICY: file('policy.yaml'),
    HOLDFAST_HOST: '::1',
    HOLDFAST_PORT: '0',
    HOLDFAST_ALLOWED_HOSTS: 'Holdfast, box.lan',
    HOLDFAST_PAPER_KEY: 'k',
    HOLDFAST_PAPER_SECRET: 's',
    HOLDFAST_SIM_TOKEN: '12345678',
    HOLDFAST_MARKET: folder,
    HOLDFAST_SPEED: '2.5',
    HOLDFAST_LOG_LEVEL: 'warn',
    HOLDFAST_ANSWER_WITHIN_MS: '0',
    HOLDFAST_LEAVE_ORDERS: '1',
    PATH: '/bin',
  });
  assert.equal(config.home, '/home/anna/state');
  assert.deepEqual(config.listen, { kind: 'tcp', host: '::1', port: 0 });
  assert.deepEqual(config.allowedHosts, ['holdfast', 'box.lan']);
  assert.deepEqual(config.paper, { url: null, market: folder, seed: null, speed: 2.5 });
  assert.deepEqual([config.logLevel, config.answerWithinMs, config.leaveOrders], ['warn', 0, true]);
  assert.deepEqual(secrets, { venueKeys: { apiKey: 'k', secret: 's' }, simToken: '12345678', alerts: {} });
});

test('secrets of alert channels are read by their prefix, and alert routes lie beside the policy or where a setting says [AL-3]', (t) => {
  const env = { HOLDFAST_ALERTS_SECRET_DESK: 'whsec_x', HOLDFAST_ALERTS_SECRET_EMPTY: '', OTHER: 'x' };
  assert.deepEqual(readEnv(env).secrets.alerts, { HOLDFAST_ALERTS_SECRET_DESK: 'whsec_x' });
  const folder = tempFolder(t, 'routes');
  const policy = join(folder, 'policy.yaml');
  writeFileSync(policy, '');
  assert.equal(readEnv({ HOLDFAST_POLICY: policy }).config.alertsPath, join(folder, 'alerts.yaml'));
  assert.equal(readEnv({ HOLDFAST_ALERTS: policy, HOLDFAST_ALERTS_EXEC: '1' }).config.alertsPath, policy);
  assert.equal(readEnv({ HOLDFAST_ALERTS_EXEC: '1' }).config.alertsExec, true);
  // Whether it must exist is a matter of what the home holds.
  const named = readEnv({ HOLDFAST_ALERTS: join(folder, 'absent.yaml') }).config;
  assert.deepEqual([named.isAlertsNamed, readEnv({}).config.isAlertsNamed], [true, false]);
  assert.throws(() => readEnv({ HOLDFAST_ALERTS_SECRETS_X: 'x' }), /HOLDFAST_ALERTS_SECRETS_X/);
});

test('flags win over the environment, and every variable that is not secret has one', () => {
  const { config } = readEnv({ HOLDFAST_PORT: '1', HOLDFAST_HOME: '/a' }, { HOLDFAST_PORT: '2' });
  assert.deepEqual([config.listen, config.home], [{ kind: 'tcp', host: '127.0.0.1', port: 2 }, '/a']);
  const withoutFlag = SETTING_NAMES.filter((name) => !START_FLAGS.some((flag) => flag.name === name));
  assert.deepEqual(withoutFlag, [
    'HOLDFAST_SIM_TOKEN',
    'HOLDFAST_TOKEN',
    'BINANCE_DEMO_API_KEY',
    'BINANCE_DEMO_API_SECRET',
    'BINANCE_LIVE_API_KEY',
    'BINANCE_LIVE_API_SECRET',
  ]);
});

test('keys come from the environment or from files, and stay out of the configuration', () => {
  const demo = readEnv({
    HOLDFAST_VENUE: 'binance-demo',
    BINANCE_DEMO_API_KEY_FILE: file('key'),
    BINANCE_DEMO_API_SECRET: 'planted-secret',
  });
  assert.deepEqual(demo.secrets.venueKeys, { apiKey: 'demo-key', secret: 'planted-secret' });
  assert.equal(demo.config.paper, null);
  assert.doesNotMatch(JSON.stringify(demo.config), /planted|demo-key/);
});

test('a console for phones is off by default, and has an origin and a port of its own', () => {
  const read = (origin: string) =>
    readEnv({ HOLDFAST_CONSOLE_ORIGIN: origin, HOLDFAST_CONSOLE_PORT: '7434' }).config.remoteConsole;
  for (const origin of [
    'https://desk.example.ts.net',
    'https://desk',
    'https://a-b.example:8443',
    'https://1password.example',
  ])
    assert.deepEqual(read(origin), { origin, port: 7434 });
});

test('what is no origin of a console for phones refuses the start with a sentence', () => {
  for (const [origin, sentence] of [
    ['http://desk.example', /is not https/],
    ['https://desk.example/', /has a path/],
    ['https://desk.example/console', /has a path/],
    ['https://desk.example?x', /has a path/],
    ['https://localhost', /names localhost/],
    ['https://localhost:8443', /names localhost/],
    ['https://desk.localhost', /names localhost/],
    ['https://127.0.0.1', /has an address/],
    ['https://[::1]', /is not an origin/],
    ['https://desk.example:443', /leave it out/],
    ['https://desk.example:0', /a port that is none/],
    ['https://desk.example:70000', /a port that is none/],
    ['https://Desk.example', /in lower case/],
    ['https://user@desk.example', /is not an origin/],
    ['https://desk.example.', /is not an origin/],
    ['https://-desk.example', /is not an origin/],
    ['https://', /is not an origin/],
    ['desk.example', /is not an origin/],
    ['wss://desk.example', /is not an origin/],
  ] as const) {
    const problems = problemsOf(() => readEnv({ HOLDFAST_CONSOLE_ORIGIN: origin, HOLDFAST_CONSOLE_PORT: '7434' }));
    assert.equal(problems.length, 1, origin);
    assert.match(problems[0] ?? '', /^HOLDFAST_CONSOLE_ORIGIN /);
    assert.match(problems[0] ?? '', sentence);
  }
});

test('what the countdown of Binance cancels is unknown until somebody says it', () => {
  const keys = { BINANCE_DEMO_API_KEY: 'key', BINANCE_DEMO_API_SECRET: 'secret' };
  const read = (more: Record<string, string>) =>
    readEnv({ HOLDFAST_VENUE: 'binance-demo', ...keys, ...more }).config.countdown;
  assert.deepEqual([read({}), read({ HOLDFAST_COUNTDOWN: 'regular' })], ['unknown', 'regular']);
});

type Case = readonly [name: string, env: () => Record<string, string>, expected: readonly RegExp[]];
const CASES: readonly Case[] = [
  [
    'an unknown name, with what was meant',
    () => ({ HOLDFAST_PORTS: '1' }),
    [/PORTS is not a setting.*HOLDFAST_PORT\?/],
  ],
  ['an unknown name of the venue keys', () => ({ BINANCE_LIVE_SECRET: 'x' }), [/BINANCE_LIVE_SECRET is not a setting/]],
  ['an empty value', () => ({ HOLDFAST_HOME: ' ' }), [/HOLDFAST_HOME is empty/]],
  ['a venue that does not exist', () => ({ HOLDFAST_VENUE: 'live' }), [/"live".*paper, binance-demo, binance-live/]],
  ['a port that is not one', () => ({ HOLDFAST_PORT: '65536' }), [/integer from 0 to 65535/]],
  ['a port with a sign', () => ({ HOLDFAST_PORT: '+80' }), [/integer from 0 to 65535/]],
  ['a port in another notation', () => ({ HOLDFAST_PORT: '1e3' }), [/integer from 0 to 65535/]],
  ['a host with a scheme', () => ({ HOLDFAST_HOST: 'http://x' }), [/HOLDFAST_HOST is not an address/]],
  [
    'a socket beside a port',
    () => ({ HOLDFAST_SOCKET: '/tmp/s', HOLDFAST_PORT: '1' }),
    [/HOLDFAST_PORT and HOLDFAST_SO/],
  ],
  ['a socket path that is too long', () => ({ HOLDFAST_SOCKET: `/${'x'.repeat(120)}` }), [/longer than 103 bytes/]],
  [
    'a console for phones without its port',
    () => ({ HOLDFAST_CONSOLE_ORIGIN: 'https://desk.example' }),
    [/CONSOLE_ORIGIN needs HOLDFAST_CONSOLE_PORT/],
  ],
  [
    'a port of a console for phones alone',
    () => ({ HOLDFAST_CONSOLE_PORT: '7434' }),
    [/set without HOLDFAST_CONSOLE_OR/],
  ],
  [
    'a console for phones at the port of the daemon',
    () => ({ HOLDFAST_CONSOLE_ORIGIN: 'https://desk.example', HOLDFAST_CONSOLE_PORT: '7433' }),
    [/CONSOLE_PORT is 7433, as HOLDFAST_PORT/],
  ],
  [
    'a console for phones where none is served to enrol their passkeys',
    () => ({
      HOLDFAST_CONSOLE_ORIGIN: 'https://desk.example',
      HOLDFAST_CONSOLE_PORT: '7434',
      HOLDFAST_HOST: '0.0.0.0',
    }),
    [/CONSOLE_ORIGIN needs the local console/],
  ],
  ['the root as home', () => ({ HOLDFAST_HOME: '/' }), [/HOLDFAST_HOME is the root/]],
  ['a market that does not exist', () => ({ HOLDFAST_MARKET: '/no/bars' }), [/names \/no\/bars/]],
  ['an age that is no number of days', () => ({ HOLDFAST_ARCHIVE_BEFORE: '12h' }), [/a number of days from 1d/]],
  ['an age of no days', () => ({ HOLDFAST_ARCHIVE_BEFORE: '0d' }), [/a number of days from 1d/]],
  ['a countdown on paper', () => ({ HOLDFAST_COUNTDOWN: 'all' }), [/COUNTDOWN is of Binance/]],
  ['speed 0', () => ({ HOLDFAST_SPEED: '0' }), [/a number above 0/]],
  ['a speed in words', () => ({ HOLDFAST_SPEED: 'Infinity' }), [/a number above 0/]],
  ['a seed for recorded bars', () => ({ HOLDFAST_SEED: '1', HOLDFAST_MARKET: folder }), [/SEED has no meaning/]],
  ['a switch that is neither on nor off', () => ({ HOLDFAST_LEAVE_ORDERS: 'yes' }), [/one of 1, true, 0, false/]],
  ['an allowed host with a port', () => ({ HOLDFAST_ALLOWED_HOSTS: 'a:1' }), [/"a:1", which is not a host name/]],
  [
    'BY-28 a paper URL away from this machine',
    () => ({ HOLDFAST_PAPER_URL: 'http://fapi.binance.com' }),
    [/PAPER_URL must be http:\/\/127/],
  ],
  [
    'BY-28 a paper URL that starts like loopback',
    () => ({ HOLDFAST_PAPER_URL: 'http://127.0.0.1.example.com/' }),
    [/PAPER_URL must be/],
  ],
  [
    'a collector of traces elsewhere',
    () => ({ HOLDFAST_TRACES_URL: 'http://collector.example.com' }),
    [/TRACES_URL must be http:\/\/127/],
  ],
  ['BY-28 a paper URL over TLS', () => ({ HOLDFAST_PAPER_URL: 'https://127.0.0.1:1' }), [/PAPER_URL must be/]],
  ['BY-28 a paper URL with a path', () => ({ HOLDFAST_PAPER_URL: 'http://127.0.0.1:1/fapi' }), [/PAPER_URL must be/]],
  [
    'BY-28 a paper URL with the demo venue',
    () => ({ HOLDFAST_VENUE: 'binance-demo', HOLDFAST_PAPER_URL: 'http://127.0.0.1:1', ...demoKeys() }),
    [/PAPER_URL belongs to venue paper, but HOLDFAST_VENUE is binance-demo/],
  ],
  [
    'BY-28 a live key with the demo venue',
    () => ({ HOLDFAST_VENUE: 'binance-demo', BINANCE_LIVE_API_KEY: 'x', ...demoKeys() }),
    [/BINANCE_LIVE_API_KEY belongs to venue binance-live/],
  ],
  [
    'BY-28 demo keys with the live venue',
    () => ({ HOLDFAST_VENUE: 'binance-live', ...demoKeys() }),
    [
      /DEMO_API_KEY belongs/,
      /DEMO_API_SECRET belongs/,
      /LIVE_API_KEY \(or .*_FILE\) is needed/,
      /LIVE_API_SECRET \(or/,
    ],
  ],
  ['BY-28 a live key on paper', () => ({ BINANCE_LIVE_API_KEY: 'x' }), [/belongs to venue binance-live/]],
  ['arming another venue', () => ({ HOLDFAST_LIVE_ARMED: '1' }), [/LIVE_ARMED belongs to venue binance-live/]],
  [
    'the market of an exchange that runs elsewhere',
    () => ({ HOLDFAST_PAPER_URL: 'http://127.0.0.1:1', HOLDFAST_SEED: '1', HOLDFAST_SPEED: '2' }),
    [/HOLDFAST_SEED must be set at the exchange/, /HOLDFAST_SPEED must be set at/],
  ],
  [
    'a key given twice',
    () => ({ ...demoKeys(), HOLDFAST_VENUE: 'binance-demo', BINANCE_DEMO_API_KEY_FILE: file('key') }),
    [/BINANCE_DEMO_API_KEY and BINANCE_DEMO_API_KEY_FILE are both set/],
  ],
  [
    'the key as its own secret',
    () => ({ HOLDFAST_VENUE: 'binance-demo', BINANCE_DEMO_API_KEY: 'x', BINANCE_DEMO_API_SECRET: 'x' }),
    [/API_SECRET is the same as the API key/],
  ],
  [
    'key files that are missing, empty, loose or not keys',
    () => ({
      HOLDFAST_VENUE: 'binance-demo',
      BINANCE_DEMO_API_KEY_FILE: file('loose'),
      BINANCE_DEMO_API_SECRET_FILE: file('empty'),
    }),
    [/KEY_FILE names .*, which others can write; run: chmod go-w \//, /SECRET_FILE is not a key/],
  ],
  [
    'a key file that cannot be read',
    () => ({
      HOLDFAST_VENUE: 'binance-demo',
      BINANCE_DEMO_API_KEY_FILE: file('none'),
      BINANCE_DEMO_API_SECRET_FILE: file('spaces'),
    }),
    [/KEY_FILE names a file that cannot be read \(ENOENT\)/, /SECRET_FILE is not a key/],
  ],
];
function demoKeys(): Record<string, string> {
  return { BINANCE_DEMO_API_KEY: 'demo-key', BINANCE_DEMO_API_SECRET: 'demo-secret' };
}
for (const [name, env, expected] of CASES) {
  test(`refuses ${name}`, () => {
    const problems = problemsOf(() => readEnv(env()));
    assert.equal(problems.length, expected.length, problems.join('\n'));
    for (const [index, pattern] of expected.entries()) assert.match(problems[index] ?? '', pattern);
  });
}

test('the control token of the simulated exchange has 1 to 256 characters, as a setting and as a flag', async () => {
  for (const token of ['t', '!~', 'x'.repeat(256)]) {
    assert.equal(readEnv({ HOLDFAST_SIM_TOKEN: token }).secrets.simToken, token);
    const sim = await holdfast(['exchange-sim', '--sim-token', token, '--port', '-']);
    assert.doesNotMatch(sim.err, /--sim-token/, 'the port is all that is wrong');
  }
  for (const token of ['two words', 'x'.repeat(257), 'tok\u00e9n', 'a\n']) {
    const [problem] = problemsOf(() => readEnv({ HOLDFAST_SIM_TOKEN: token }));
    assert.match(problem ?? '', /^HOLDFAST_SIM_TOKEN is not a token: 1 to 256 printable characters/);
    const sim = await holdfast(['exchange-sim', '--sim-token', token]);
    assert.equal(sim.code, 2);
    assert.match(sim.err, /--sim-token[\s\S]*1 to 256 printable characters/);
  }
});

test('every problem is reported at once, and none shows a secret', () => {
  const env = {
    HOLDFAST_VENUE: 'binance-live',
    HOLDFAST_PORT: 'x',
    HOLDFAST_SPED: '2',
    BINANCE_LIVE_API_KEY: 'planted key',
    BINANCE_LIVE_API_SECRET: 'planted\nsecret',
    HOLDFAST_PAPER_URL: 'http://planted:planted@example.com',
    HOLDFAST_SIM_TOKEN: 'planted token',
  };
  const problems = problemsOf(() => readEnv(env));
  assert.equal(problems.length, 7, problems.join('\n'));
  assert.doesNotMatch(problems.join('\n'), /planted/);
});

test('a verb reads what it needs to find a daemon, whatever else is wrong', () => {
  const client = readClientEnv({
    HOLDFAST_SPED: '1',
    HOLDFAST_SOCKET: 'run/s',
    HOLDFAST_TOKEN: 't',
    HOLDFAST_HOME: '/h',
  });
  assert.deepEqual(client, {
    home: '/h',
    venue: 'paper',
    listen: { kind: 'socket', path: resolve('run/s') },
    headFile: '/h.paper.head',
    token: 't',
    said: { home: true, venue: false, host: false, port: false },
  });
  assert.match(problemsOf(() => readClientEnv({ HOLDFAST_PORT: '-1' })).join(), /HOLDFAST_PORT/);
});

test('of socket and port the one that is a flag wins over the variable; two of a kind contradict each other', () => {
  const listenOf = (env: Record<string, string>, flags: Record<string, string>) => readEnv(env, flags).config.listen;
  const socket = { HOLDFAST_SOCKET: '/run/s' };
  const port = { HOLDFAST_PORT: '7500' };
  assert.deepEqual(listenOf(port, socket), { kind: 'socket', path: '/run/s' });
  assert.deepEqual(listenOf(socket, port), { kind: 'tcp', host: '127.0.0.1', port: 7500 });
  assert.deepEqual(readClientEnv(port, socket).listen, { kind: 'socket', path: '/run/s' });
  for (const [env, flags] of [
    [{ ...port, ...socket }, {}],
    [{}, { ...port, ...socket }],
  ] as const)
    assert.match(problemsOf(() => readEnv(env, flags)).join(), /HOLDFAST_PORT and HOLDFAST_SOCKET are both set/);
});

test('the emergency exit needs keys, and on paper the address of the exchange', () => {
  const demo = { HOLDFAST_HOME: '/h', HOLDFAST_VENUE: 'binance-demo', HOLDFAST_SPED: '1', ...demoKeys() };
  assert.deepEqual(readVenueEnv(demo), {
    home: '/h',
    venue: 'binance-demo',
    paperUrl: null,
    paperUrlFile: null,
    venueKeys: { apiKey: 'demo-key', secret: 'demo-secret' },
  });
  const home = { HOLDFAST_HOME: folder };
  assert.match(problemsOf(() => readVenueEnv(home)).join(), /HOLDFAST_PAPER_URL is needed/);
  mkdirSync(file('paper'));
  for (const [text, origin] of [
    ['http://127.0.0.1:8811\n', 'http://127.0.0.1:8811'],
    ['http://10.0.0.1:8811', undefined],
    ['', undefined],
  ] as const) {
    writeFileSync(file('paper/exchange.url'), text);
    if (origin === undefined) assert.match(problemsOf(() => readVenueEnv(home)).join(), /PAPER_URL is needed/, text);
    else assert.equal(readVenueEnv(home).paperUrl, origin, text);
  }
  assert.equal(readVenueEnv({ ...demo, HOLDFAST_HOME: ' ' }).venue, 'binance-demo', 'a wrong home is no obstacle');
  assert.match(problemsOf(() => readVenueEnv({ HOLDFAST_VENUE: 'binance-live' })).join('\n'), /LIVE_API_KEY.*needed/);
  assert.equal(readVenueEnv({ HOLDFAST_PAPER_URL: 'http://localhost:80' }).paperUrl, 'http://localhost');
});
