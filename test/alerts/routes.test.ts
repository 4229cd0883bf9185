import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { findDue, isQuiet, isTooOld } from '../../daemon/alerts/due.ts';
import { parseAlertRoutes } from '../../daemon/alerts/file.ts';
import { compareAlertRoutes, ROUTE_DIRECTIONS } from '../../daemon/alerts/looser.ts';
import { type AlertRouteSpec, AlertRoutesSchema, type AlertRoutesSpec } from '../../daemon/contract/alerts.ts';
import { ALERT_KINDS, ALERTS, DELIVERIES, isFaster, routeAlert, SEVERITIES } from '../../daemon/core/alerts.ts';
import type { ChannelOutbox, WaitingGroup } from '../../daemon/engine/callers/outbox.ts';
import { listFiles, ROOT, readPages } from '../docs/pages.ts';
import { forAll } from '../for-all.ts';

const SECRET = { file: 'secret' };
const desk = { webhook: { url: 'https://ops.example.com/x', secret: SECRET } };
const phone = { ntfy: { topic: SECRET } };
const spec = (change: Partial<AlertRoutesSpec> = {}): AlertRoutesSpec => ({
  channels: { desk, phone },
  routes: [
    { channels: ['desk'], severity: 'info' },
    { channels: ['phone'], severity: 'critical' },
  ],
  ...change,
});
interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
}
/** Every key of a schema, and those that hold a value. */
function listKeys(
  node: SchemaNode,
  path: string,
): { readonly keys: readonly string[]; readonly leaves: readonly string[] } {
  const at = (key: string): string => (path === '' ? key : `${path}.${key}`);
  const below = [
    ...Object.entries(node.properties ?? {}).map(([key, value]) => listKeys(value, at(key))),
    ...Object.values(node.patternProperties ?? {}).map((value) => listKeys(value, at('*'))),
    ...(node.items?.properties === undefined ? [] : [listKeys(node.items, `${path}[]`)]),
  ];
  return {
    keys: [path, ...below.flatMap(({ keys }) => keys)],
    leaves: below.length === 0 ? [path] : below.flatMap(({ leaves }) => leaves),
  };
}
const violations = (value: unknown, mayExec = false): readonly string[] => {
  const parsed = parseAlertRoutes(JSON.stringify(value), mayExec);
  return parsed.ok ? [] : parsed.violations.map(({ path, message }) => `${path}: ${message}`);
};

describe('the file of alert routes', () => {
  it('is taken as it is, and every defect is named [AK-12 AK-31 AL-14 AL-15 AL-26]', () => {
    assert.deepEqual(violations(spec()), []);
    assert.deepEqual(violations({ channels: {}, routes: [] }), []);
    const bad: [unknown, RegExp][] = [
      [spec({ channels: { desk } }), /routes\[1\]\.channels: names a channel that does not exist/],
      [spec({ routes: [{ channels: ['desk'], severity: 'info' }] }), /channels\.phone: is in no route/],
      [{ ...spec(), chanels: {} }, /unknown key "chanels"/],
      [{ ...spec(), channels: { desk: { ...desk, ...phone }, phone } }, /channels\.desk: has 2 types/],
      [{ ...spec(), channels: { desk: {}, phone } }, /channels\.desk: has 0 types/],
      [
        { ...spec(), channels: Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`c${at}`, desk])) },
        /channels: /,
      ],
      [spec({ time_zone: 'Mars/Olympus' }), /time_zone: is not a known time zone/],
      [spec({ quiet_hours: { from: '22:00', to: '22:00' } }), /quiet_hours: begin and end/],
      [spec({ quiet_hours: { from: '24:00', to: '07:00' } }), /quiet_hours\.from/],
      [spec({ routes: [{ channels: ['desk', 'phone'], severity: 'info', codes: ['ORDER_LOSS'] }] }), /ORDER_LOST/],
      [{ ...spec(), channels: { desk, phone: { ntfy: { topic: {} } } } }, /ntfy\.topic: names no secret, or two/],
      [
        { ...spec(), channels: { desk, phone: { ntfy: { topic: { file: 'a', env: 'HOLDFAST_ALERTS_SECRET_A' } } } } },
        /ntfy\.topic: names no secret, or two/,
      ],
      [{ ...spec(), channels: { desk, phone: { ntfy: { topic: 'plain' } } } }, /ntfy\.topic/],
    ];
    for (const [value, expected] of bad) assert.match(violations(value).join('\n'), expected);
  });

  it('can name no variable but those of alerts, and no program without the flag [AK-9 AL-37 AL-38 AL-46 AL-47]', () => {
    for (const env of ['BINANCE_LIVE_API_SECRET', 'HOLDFAST_TOKEN', 'PATH', 'HOLDFAST_ALERTS_SECRET_']) {
      const channels = { desk, phone: { ntfy: { topic: { env } } } };
      assert.match(violations({ ...spec(), channels }).join(), /ntfy\.topic\.env/, env);
    }
    const runs = (command: string[]) => ({ ...spec(), channels: { desk, phone: { exec: { command } } } });
    assert.match(violations(runs(['/bin/true'])).join(), /--alerts-exec/);
    assert.deepEqual(violations(runs(['/bin/true', '-x']), true), []);
    assert.match(violations(runs(['true']), true).join(), /is not an absolute path/);
  });

  it('sends nothing to plain http beyond this machine [AK-2 AL-42]', () => {
    const to = (url: string) => ({ ...spec(), channels: { desk: { webhook: { url, secret: SECRET } }, phone } });
    for (const url of ['http://127.0.0.1:9/x', 'http://localhost:9/x', 'http://[::1]:9/', 'https://example.com/'])
      assert.deepEqual(violations(to(url)), [], url);
    for (const url of [
      'http://example.com/',
      'http://10.0.0.1/',
      'https://169.254.169.254/',
      'https://u:p@example.com/',
    ])
      assert.equal(violations(to(url)).length, 1, url);
  });
});

describe('which alerts go where', () => {
  const go = (code: string, ...list: AlertRoutesSpec['routes'][number][]) => [...routeAlert(list, code)];
  const to = (channel: string): AlertRouteSpec => ({ channels: [channel], severity: 'info' });

  it('a route takes its severity and more urgent ones, of its kinds and codes alone [AK-13 AK-14 AK-15 AK-16 AK-17 AL-18 AL-19 AL-20]', () => {
    const severity = (at: (typeof SEVERITIES)[number]) => ({ ...to('desk'), severity: at });
    const taken = (code: string) => SEVERITIES.filter((at) => go(code, severity(at)).length > 0);
    assert.deepEqual(
      [taken('ORDER_LOST').toSorted(), taken('POLICY_REFUSED').toSorted()],
      [
        ['critical', 'info', 'warning'],
        ['info', 'warning'],
      ],
    );
    for (const [only, isTaken] of [
      [{ kinds: ['orders'] }, true],
      [{ kinds: ['exits', 'venue'] }, false],
      [{ codes: ['ORDER_LOST'] }, true],
      [{ codes: ['STOP_REFUSED'] }, false],
    ] as [Partial<AlertRouteSpec>, boolean][])
      assert.equal(go('ORDER_LOST', { ...to('desk'), ...only }).length === 1, isTaken, JSON.stringify(only));
  });

  it('all routes that match count, and the fastest one wins for a channel, whatever their order [AK-20 AL-16 AL-17]', () => {
    const [hourly, daily] = [{ ...to('desk'), when: 'hourly' } as const, { ...to('desk'), when: 'daily' } as const];
    const both = [
      ['desk', 'hourly'],
      ['phone', 'at_once'],
    ];
    assert.deepEqual(go('ORDER_LOST', daily, to('phone'), hourly).toSorted(), both);
    assert.deepEqual(go('ORDER_LOST', hourly, to('phone'), daily).toSorted(), both);
  });

  it('a request for approval leaves at once by every sample of a file, and quiet hours do not hold it [AL-75]', () => {
    const samples = readPages().flatMap(({ text: page }) =>
      [...page.matchAll(/```yaml\n([\s\S]*?)```/g)]
        .map(([, text = '']) => text)
        .filter((text) => /^\s*routes:/m.test(text)),
    );
    assert.ok(samples.length > 0, 'there is a sample');
    for (const sample of samples) {
      const parsed = parseAlertRoutes(sample, true);
      assert.ok(parsed.ok, sample);
      const { channels, routes } = parsed.spec;
      assert.deepEqual(
        [...routeAlert(routes, 'APPROVAL_REQUESTED')].toSorted(),
        Object.keys(channels)
          .map((name) => [name, 'at_once'])
          .toSorted(),
      );
    }
    assert.equal(ALERTS.APPROVAL_REQUESTED.severity, 'critical');
  });
});

describe('looser alert routes', () => {
  const looser = (candidate: AlertRoutesSpec) => compareAlertRoutes(candidate, spec());

  it('name what is told less, later, or to others [AL-63 AL-65 AL-66 AN-143]', () => {
    assert.deepEqual(looser(spec()), []);
    assert.deepEqual(looser({ channels: {}, routes: [] }), ['channels.desk is gone', 'channels.phone is gone']);
    const cases: [AlertRoutesSpec, RegExp][] = [
      [spec({ channels: { desk }, routes: [{ channels: ['desk'], severity: 'info' }] }), /channels\.phone is gone/],
      [spec({ channels: { desk, phone: { ntfy: { topic: { file: 'other' } } } } }), /phone leads somewhere else/],
      [spec({ channels: { desk: { ...desk, details: true }, phone } }), /desk tells details/],
      [spec({ coalesce_ms: 60_001 }), /coalesce_ms: 60000 -> 60001/],
      [spec({ age_limit_ms: 86_399_999 }), /age_limit_ms/],
      [spec({ quiet_hours: { from: '22:00', to: '07:00' } }), /quiet_hours/],
      [
        spec({
          routes: [
            { channels: ['desk'], severity: 'warning' },
            { channels: ['phone'], severity: 'critical', kinds: ['orders'] },
          ],
        }),
        /channels\.phone no longer gets/,
      ],
      [
        spec({
          routes: [
            { channels: ['desk'], severity: 'info', when: 'hourly' },
            { channels: ['phone'], severity: 'critical' },
          ],
        }),
        /channels\.desk gets only hourly/,
      ],
      [
        spec({ channels: { desk, phone, tool: { exec: { command: ['/bin/true'] } } } }),
        /channels\.tool runs a program/,
      ],
      [spec({ channels: { desk, phone: { ...phone, private_network: true } } }), /phone leads somewhere else/],
    ];
    for (const [candidate, expected] of cases) assert.match(looser(candidate).join('\n'), expected);
  });

  it('name a new channel that tells details, or may reach a private network [AL-64]', () => {
    const withChat = (chat: AlertRoutesSpec['channels'][string]): AlertRoutesSpec =>
      spec({ channels: { desk, phone, chat }, routes: [...spec().routes, { channels: ['chat'], severity: 'info' }] });
    const chat = { slack: { url: SECRET } };
    assert.deepEqual(looser(withChat(chat)), []);
    assert.deepEqual(looser(withChat({ ...chat, details: false, private_network: false })), []);
    assert.deepEqual(looser(withChat({ ...chat, details: true })), ['channels.chat tells details']);
    assert.deepEqual(looser(withChat({ ...chat, private_network: true })), [
      'channels.chat may reach a private network',
    ]);
  });

  it('name another time of summaries or another zone, where anything waits for a time [AK-26 AK-30 AL-67]', () => {
    const daily = (change: Partial<AlertRoutesSpec> = {}) =>
      spec({ routes: [...spec().routes, { channels: ['desk'], severity: 'info', when: 'daily' }], ...change });
    for (const [after, before, expected] of [
      [daily({ daily_at: '20:00' }), daily(), ['daily_at: 08:00 -> 20:00']],
      [daily({ daily_at: '07:00' }), daily(), ['daily_at: 08:00 -> 07:00']],
      [daily({ daily_at: '08:00', time_zone: 'UTC' }), daily(), []],
      [daily({ time_zone: 'Asia/Tokyo' }), daily(), ['time_zone: UTC -> Asia/Tokyo']],
      [spec({ time_zone: 'Asia/Tokyo', daily_at: '20:00' }), spec(), []],
    ] as const)
      assert.deepEqual(compareAlertRoutes(after, before), expected);
    const quiet = { quiet_hours: { from: '22:00', to: '07:00' } };
    assert.deepEqual(compareAlertRoutes(spec({ ...quiet, time_zone: 'Asia/Tokyo' }), spec(quiet)), [
      'time_zone: UTC -> Asia/Tokyo',
    ]);
  });

  it('have a direction for every key of the schema, and none for a key that is not there [AL-68]', () => {
    const { keys, leaves } = listKeys(AlertRoutesSchema as unknown as SchemaNode, '');
    assert.ok(leaves.length > 25, `${leaves.length} keys`);
    const rows = new Set<string>(Object.keys(ROUTE_DIRECTIONS));
    assert.deepEqual(
      [...rows].filter((row) => !keys.includes(row)),
      [],
      'rows without a key',
    );
    // A secret and a span are judged whole. That a channel is gone says nothing of its keys.
    const isJudged = (key: string): boolean => {
      const whole = key.slice(0, key.lastIndexOf('.'));
      return rows.has(key) || (rows.has(whole) && whole !== 'channels.*');
    };
    assert.deepEqual(
      leaves.filter((key) => !isJudged(key)),
      [],
      'keys without a direction',
    );
  });

  it('are not what only adds, or waits less', () => {
    const more: AlertRoutesSpec = spec({
      channels: { desk, phone, chat: { slack: { url: SECRET } } },
      routes: [{ channels: ['desk', 'phone', 'chat'], severity: 'info' }],
      coalesce_ms: 1_000,
      age_limit_ms: 172_800_000,
    });
    assert.deepEqual(compareAlertRoutes(more, spec()), []);
    const quiet = (from: string, to: string) => spec({ quiet_hours: { from, to } });
    assert.deepEqual(compareAlertRoutes(quiet('23:00', '06:00'), quiet('22:00', '07:00')), []);
    assert.equal(compareAlertRoutes(quiet('22:00', '07:01'), quiet('22:00', '07:00')).length, 1);
  });

  const routes = fc.array(
    fc.record<AlertRouteSpec>(
      {
        channels: fc.uniqueArray(fc.constantFrom('desk', 'phone'), { minLength: 1 }),
        severity: fc.constantFrom(...SEVERITIES),
        kinds: fc.uniqueArray(fc.constantFrom(...ALERT_KINDS), { minLength: 1 }),
        codes: fc.uniqueArray(fc.constantFrom(...Object.keys(ALERTS)), { minLength: 1 }),
        when: fc.constantFrom(...DELIVERIES),
      },
      { requiredKeys: ['channels', 'severity'] },
    ),
    { maxLength: 5 },
  );
  it('no change of routes that passes makes any alert reach a channel later or not at all', () => {
    let passed = 0;
    forAll([routes, routes], { seed: 15, numRuns: 300 }, (before, added) => {
      // Half of them only add, so that enough of them pass.
      for (const after of [added, [...before, ...added]]) {
        if (compareAlertRoutes(spec({ routes: after }), spec({ routes: before })).length > 0) continue;
        passed += 1;
        for (const code of Object.keys(ALERTS))
          for (const [channel, when] of routeAlert(before, code)) {
            const now = routeAlert(after, code).get(channel);
            assert.ok(now !== undefined && !isFaster(when, now), `${code} to ${channel}`);
          }
      }
    });
    assert.ok(passed > 300, `${passed} passed`);
  });
});

describe('what a channel tells next', () => {
  const NOON = Date.UTC(2026, 0, 15, 12);
  const group = (change: Partial<WaitingGroup> = {}): WaitingGroup => ({
    code: 'POLICY_REFUSED',
    count: 1,
    first_ms: NOON,
    first_seq: 1,
    last_ms: NOON,
    last_seq: 1,
    symbol: null,
    when: 'at_once',
    ...change,
  });
  const outbox = (groups: readonly WaitingGroup[], reported: [string, number][] = []): ChannelOutbox => ({
    leaving: null,
    waiting: new Map(groups.map((each) => [`${each.when} ${each.code} ${each.symbol ?? ''}`, each])),
    reportedMs: new Map(reported),
    outgoing: null,
    delivered: 0,
    dropped: 0,
    lastDeliveredMs: null,
    failingSinceMs: null,
    lastFailure: null,
    isSilent: false,
  });
  const codes = (channel: ChannelOutbox, change: Partial<AlertRoutesSpec>, nowMs: number) =>
    findDue(channel, spec(change), nowMs)?.groups.map(({ code }) => code) ?? null;

  it('the most urgent alert first, then the oldest [AK-19 AL-55]', () => {
    const waiting = outbox([
      group({ code: 'POLICY_PENDING', first_seq: 2 }),
      group({ code: 'POLICY_REFUSED', first_seq: 1 }),
      group({ code: 'ORDER_LOST', first_seq: 3 }),
    ]);
    assert.deepEqual(codes(waiting, {}, NOON), ['ORDER_LOST', 'POLICY_REFUSED', 'POLICY_PENDING']);
    const many = Array.from({ length: 60 }, (_, i) => group({ symbol: `S${i}USDT`, first_seq: 60 - i }));
    const first = findDue(outbox([...many, group({ code: 'ORDER_LOST', first_seq: 99 })]), spec(), NOON)?.groups ?? [];
    assert.deepEqual([first.length, first[0]?.code, first[1]?.symbol], [50, 'ORDER_LOST', 'S59USDT']);
  });

  it('an equal alert not before coalesce_ms is over [AK-21 AK-22 AL-22]', () => {
    const waiting = outbox([group()], [['POLICY_REFUSED ', NOON]]);
    for (const [at, expected] of [
      [NOON + 59_999, null],
      [NOON + 60_000, ['POLICY_REFUSED']],
      [NOON + 60_001, ['POLICY_REFUSED']],
    ] as const)
      assert.deepEqual(codes(waiting, {}, at), expected);
    assert.deepEqual(codes(outbox([group({ symbol: 'BTCUSDT' })], [['POLICY_REFUSED ', NOON]]), {}, NOON), [
      'POLICY_REFUSED',
    ]);
  });

  it('in quiet hours only what is critical, in the local time of both halves of the year [AK-25 AK-27 AK-28 AL-24 AL-26]', () => {
    const quiet = { quiet_hours: { from: '22:00', to: '07:00' }, time_zone: 'Europe/Berlin' };
    const at = (month: number, hour: number, minute: number) => Date.UTC(2026, month, 15, hour, minute);
    // Berlin is one hour ahead of UTC in January, and two in July.
    for (const [ms, isIn] of [
      [at(0, 20, 59), false],
      [at(0, 21, 0), true],
      [at(0, 5, 59), true],
      [at(0, 6, 0), false],
      [at(6, 19, 59), false],
      [at(6, 20, 0), true],
      [at(6, 4, 59), true],
      [at(6, 5, 0), false],
    ] as const)
      assert.equal(isQuiet(spec(quiet), ms), isIn, new Date(ms).toISOString());
    const both = outbox([group(), group({ code: 'ORDER_LOST' })]);
    assert.deepEqual(codes(both, quiet, at(0, 23, 0)), ['ORDER_LOST']);
    both.waiting.delete('at_once ORDER_LOST ');
    assert.equal(codes(both, quiet, at(0, 23, 0)), null);
    assert.deepEqual(codes(both, quiet, at(0, 12, 0)), ['POLICY_REFUSED']);
  });

  it('nothing that is older than age_limit_ms: since it was recorded, or since the alert where the channel fails [AK-23 AL-27 AL-28]', () => {
    const limit = 3_600_000;
    const message = (kind: 'alert' | 'daily', raisedMs: number, queuedMs: number) => ({
      messageId: 'm',
      kind,
      groups: [{ ...group(), last_ms: raisedMs }],
      queuedMs,
    });
    const isOld = (kind: 'alert' | 'daily', raisedMs: number, queuedMs: number, failingSinceMs: number | null) =>
      isTooOld(message(kind, raisedMs, queuedMs), { failingSinceMs }, spec({ age_limit_ms: limit }), NOON);
    for (const kind of ['alert', 'daily'] as const) {
      assert.equal(isOld(kind, NOON - limit, NOON - limit, null), false);
      assert.equal(isOld(kind, NOON - limit - 1, NOON - limit - 1, null), true);
    }
    assert.equal(isOld('alert', NOON - limit - 1, NOON, null), false, 'quiet hours held it');
    assert.equal(isOld('alert', NOON - limit - 1, NOON, NOON - 1), true, 'a failing channel did');
    assert.equal(isOld('alert', NOON - limit, NOON, NOON - 1), false);
    assert.equal(isOld('daily', NOON - limit - 1, NOON, NOON - 1), false, 'a summary is as old as its record');
  });

  it('hourly after the full hour, daily after daily_at, everything in one message [AK-18 AK-29 AK-30 AL-21 AL-25]', () => {
    const from = NOON + 600_000;
    const two = (when: 'hourly' | 'daily') =>
      outbox([group({ when, first_ms: from }), group({ when, code: 'ORDER_LOST', first_ms: from })]);
    const hour = 3_600_000;
    assert.equal(codes(two('hourly'), {}, NOON + hour - 1), null);
    assert.deepEqual(codes(two('hourly'), {}, NOON + hour), ['ORDER_LOST', 'POLICY_REFUSED']);
    const nextEight = Date.UTC(2026, 0, 16, 8);
    assert.equal(codes(two('daily'), {}, nextEight - 1), null);
    assert.deepEqual(codes(two('daily'), {}, nextEight), ['ORDER_LOST', 'POLICY_REFUSED']);
    assert.equal(codes(two('daily'), { daily_at: '12:11' }, NOON + 659_999), null);
    assert.deepEqual(codes(two('daily'), { daily_at: '12:11' }, NOON + 660_000), ['ORDER_LOST', 'POLICY_REFUSED']);
  });
});

describe('codes of alerts', () => {
  it('every code that the daemon raises is described, and no other', () => {
    const sources = listFiles('daemon').filter((path) => /\.ts$/.test(path) && !path.startsWith('daemon/console/'));
    const text = sources
      .filter((path) => path !== 'daemon/core/alerts.ts')
      .map((path) => readFileSync(join(ROOT, path), 'utf8'))
      .join('\n');
    const raised = new Set([...text.matchAll(/\balert(?:Rarely)?\(\s*'([A-Z][A-Z_]+)'/g)].map(([, code = '']) => code));
    assert.ok(raised.size > 30, `${raised.size} codes were found`);
    for (const code of raised) assert.ok(Object.hasOwn(ALERTS, code), `${code} is not described`);
    for (const code of Object.keys(ALERTS)) assert.ok(text.includes(`'${code}'`), `${code} is raised nowhere`);
  });
});
