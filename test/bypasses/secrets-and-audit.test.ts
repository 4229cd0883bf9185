import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, type Dirent, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { auditorOf } from '../../daemon/boot/ledger/audit-span.ts';
import { readEnv } from '../../daemon/config/config.ts';
import type { TokenCreatedBody } from '../../daemon/contract/types/tokens.ts';
import { canonicalJson } from '../../daemon/core/canonical-json.ts';
import { type ExchangeSim, startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { createLogger } from '../../daemon/http/logging.ts';
import { hashEvent } from '../../daemon/ledger/chain/hash-chain.ts';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import { compareAnchors } from '../../daemon/ledger/verify/anchors.ts';
import { type VerifyResult, verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import { type Daemon, startDaemon } from '../../daemon/main.ts';
import { DaemonWorld, order, START_MS, until } from '../daemon/harness.ts';

const KEY = 'PLANTEDapiKEYabcdefghijklmnopqrstuvwxyz0123456789';
const SECRET = 'PLANTEDapiSECRETabcdefghijklmnopqrstuvwxyz0123456';
const SIM_TOKEN = 'PLANTEDsimTOKENabcdefghijklmnop';

const POISON = `denied for ${KEY} at https://fapi.binance.com/fapi/v1/order?symbol=BTCUSDT&signature=${'ab'.repeat(32)}&apiKey=${KEY} secret ${SECRET} ${Buffer.from(SECRET).toString('base64')}`;

describe('ways around a gate: secrets that leak', () => {
  let home: string;
  let sim: ExchangeSim;
  let daemon: Daemon;
  let tokens: Record<string, string>;
  const lines: string[] = [];
  const answers: string[] = [];

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'holdfast-secret-'));
    sim = await startExchangeSim({
      seed: 7,
      clock: 'manual',
      startMs: START_MS,
      apiKey: KEY,
      apiSecret: SECRET,
      simToken: SIM_TOKEN,
      enforceLimits: false,
    });
    const { config, secrets } = readEnv({
      HOLDFAST_HOME: home,
      HOLDFAST_HEAD_FILE: join(home, 'head'),
      HOLDFAST_PORT: '0',
      HOLDFAST_PAPER_URL: sim.url,
      HOLDFAST_PAPER_KEY: KEY,
      HOLDFAST_PAPER_SECRET: SECRET,
      HOLDFAST_SIM_TOKEN: SIM_TOKEN,
      HOLDFAST_LOG_LEVEL: 'trace',
      HOLDFAST_ANSWER_WITHIN_MS: '500',
    });
    const log = createLogger({
      level: config.logLevel,
      secrets: [secrets.venueKeys.apiKey, secrets.venueKeys.secret, secrets.simToken ?? ''],
      destination: { write: (line: string) => lines.push(line) },
    });
    log.info({ config }, 'started with');
    log.error(
      { err: new Error(`${KEY} ${SECRET} ${SIM_TOKEN} Bearer ${SECRET} signature=${'ab'.repeat(32)}`) },
      'something of the exchange',
    );
    daemon = await startDaemon(config, secrets, { log, signal: new AbortController().signal });
    await daemon.gate.untilReconciled(10_000);
    tokens = Object.fromEntries(
      ['agent', 'monitor', 'operator'].map((role) => [
        role,
        readFileSync(join(home, 'tokens', `${role}.token`), 'utf8').trim(),
      ]),
    );
  });
  after(async () => {
    await daemon.close();
    await sim.close();
    rmSync(home, { recursive: true, force: true });
  });

  async function call(method: string, path: string, body?: unknown, token = tokens.agent): Promise<string> {
    const response = await fetch(`${daemon.url}${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    answers.push(`${[...response.headers].join()} ${text}`);
    return text;
  }
  async function control(path: string, body: object): Promise<void> {
    const response = await fetch(`${sim.url}/sim/${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${SIM_TOKEN}` },
      body: JSON.stringify(body),
    });
    assert.equal(response.status, 200, await response.text());
  }
  /** Every spelling in which a secret could stand somewhere. */
  function spellings(secret: string): readonly string[] {
    const bytes = Buffer.from(secret);
    return [secret, encodeURIComponent(secret), bytes.toString('base64').replace(/=+$/, ''), bytes.toString('hex')];
  }
  function assertClean(where: string, text: string, secrets: readonly string[]): void {
    for (const secret of secrets)
      for (const spelling of spellings(secret))
        assert.ok(
          !text.includes(spelling),
          `${where} holds ${secret.slice(0, 12)}…: ${text.slice(Math.max(0, text.indexOf(spelling) - 100), text.indexOf(spelling))}`,
        );
  }

  it('BY-29 keeps keys, secrets and tokens out of answers, log and ledger when the exchange says them [AN-170]', async () => {
    assert.match(await call('GET', '/v1/settings', undefined, tokens.operator), /"policy_file"/);
    const paths = [
      { method: 'POST', path: '/fapi/v1/order' },
      { method: 'DELETE', path: '/fapi/v1/order' },
      { method: 'GET', path: '/fapi/v1/order' },
      { method: 'POST', path: '/fapi/v1/leverage' },
      { method: 'GET', path: '/fapi/v1/openOrders' },
      { method: 'GET', path: '/fapi/v1/klines' },
      { method: 'GET', path: '/fapi/v1/userTrades' },
    ];
    const kinds = [
      { kind: 'error', code: -1102, msg: POISON },
      { kind: 'error', code: -2019, msg: POISON },
      { kind: 'status', status: 500, body: POISON },
      { kind: 'status', status: 502, body: `<html>${POISON}</html>` },
      { kind: 'error', code: -4000, http: 400, msg: POISON },
    ];
    let notional = 200;
    for (const fault of kinds) {
      for (const match of paths) await control('faults', { ...fault, match });
      notional += 40;
      await call('POST', '/v1/tools/place_order', order({ requested_notional: notional, request_id: `p-${notional}` }));
      await call(
        'POST',
        '/v1/tools/place_order',
        order({ symbol: 'ETHUSDT', order_type: 'limit', limit_price: 2_900, requested_notional: notional }),
      );
      await control('advance', { ms: 61_000 });
      await daemon.gate.core.run(daemon.gate.keeper.refreshAll());
      await call('POST', '/v1/tools/cancel_all', {});
      await call('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    }
    await control('clear-faults', {});
    await daemon.gate.core.run(daemon.gate.keeper.refreshAll());
  });
  it('BY-29 keeps them out of errors and reads at every route', async () => {
    for (const token of [tokens.agent, tokens.operator, `${tokens.operator}x`, SECRET, ''])
      for (const path of [
        '/v1/orders',
        '/v1/decisions',
        '/v1/account',
        '/v1/positions',
        '/v1/policy',
        '/v1/trading-state',
        '/v1/limits',
        '/healthz',
        '/readyz',
        '/metrics',
        '/openapi.json',
        '/nothing',
      ])
        await call('GET', path, undefined, token);
    await call('POST', '/v1/tools/place_order', `{"symbol": "${SECRET}"`);
    await call('POST', `/v1/tools/${tokens.operator}`, {});
    await call('GET', `/v1/decisions/${tokens.operator}`);
    await call('GET', `/v1/orders?cursor=${tokens.operator}`);
    const events = await fetch(`${daemon.url}/v1/events`, {
      headers: { Authorization: `Bearer ${tokens.operator}`, 'Last-Event-ID': '1' },
    });
    const reader = events.body?.getReader();
    let stream = '';
    while (!stream.includes('decision')) {
      const part = await reader?.read();
      assert.ok(part?.value !== undefined, 'the stream showed nothing');
      stream += Buffer.from(part.value).toString('utf8');
    }
    await reader?.cancel();
    answers.push(stream);
  });
  it('BY-29 keeps a token that is created over HTTP out of all but its answer', async () => {
    const response = await fetch(`${daemon.url}/v1/tokens`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${tokens.operator}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ role: 'agent', name: 'made' }),
    });
    const { token, secret } = (await response.json()) as TokenCreatedBody;
    tokens.made = secret;
    await call('POST', '/v1/tools/get_account', {}, secret);
    await call('POST', '/v1/tools/get_nothing', secret, secret);
    await call('GET', '/v1/tokens', undefined, tokens.operator);
    await call('POST', `/v1/tokens/${token.id}/revoke`, { reason: 'the test is over' }, tokens.operator);
    await call('GET', '/v1/account', undefined, secret);
    assert.match(lines.join(''), new RegExp(token.id), 'the log tells of it');
  });

  it('BY-29 finds none of the planted secrets anywhere [TM-6 TM-21 TM-74 TM-79]', async () => {
    assert.ok(lines.length > 1 && answers.length > 40, `${lines.length} lines, ${answers.length} answers`);
    const planted = [KEY, SECRET, SIM_TOKEN];
    const ownTokens = Object.values(tokens);
    assertClean('the log', lines.join(''), [...planted, ...ownTokens, 'ab'.repeat(32)]);
    assertClean('an answer', answers.join('\n'), [...planted, ...ownTokens, 'ab'.repeat(32)]);
    const isTokenFile = ({ parentPath }: Dirent): boolean => parentPath === join(home, 'tokens');
    const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    assert.ok(files.filter(({ parentPath }) => parentPath === join(home, 'paper')).length > 1, 'the ledger lies there');
    for (const file of files) {
      const bytes = readFileSync(join(file.parentPath, file.name)).toString('latin1');
      const secrets = isTokenFile(file) ? planted : [...planted, ...ownTokens, 'ab'.repeat(32)];
      assertClean(`the file ${file.name}`, bytes, secrets);
    }
  });
});

describe('ways around a gate: a ledger that is edited', () => {
  let folder: string;
  let ledgerPath: string;
  let head: { readonly seq: number; readonly hash: string };
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-audit-'));
    const world = await DaemonWorld.start({ real: true });
    await world.place({ rationale: 'a lone \ud800 surrogate' });
    await world.place({ symbol: 'DOGEUSDT' });
    await world.place({ symbol: 'ETHUSDT', order_type: 'limit', limit_price: 2_900 });
    await world.dryRun('place_order', order({ requested_notional: 9_000 }));
    await world.intercept('place_order', order({ requested_notional: 9_000 }));
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await world.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'test' });
    await until('it is on disk', () => !world.daemon.ledger.isFailed);
    await world.daemon.close();
    ledgerPath = join(folder, 'ledger.db');
    copyFileSync(join(world.home, 'paper', 'ledger.db'), ledgerPath);
    await world.close();
    const result = verify(ledgerPath);
    assert.ok(result.ok && result.decisions >= 6, JSON.stringify(result));
    head = result.head;
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function verify(path: string, noted?: { readonly seq: number; readonly hash: string }): VerifyResult {
    const reader = openLedgerReader(path);
    try {
      const auditor = auditorOf(reader);
      const result = verifyLedger(reader, {
        rederive: (event) => auditor.rederive(event),
        fold: (event) => auditor.fold(event),
      });
      if (noted === undefined || !result.ok) return result;
      const anchor = { name: 'a note', kind: 'record', noted: { ...noted, genesis: null } } as const;
      return compareAnchors(reader, [anchor]).failed ?? result;
    } finally {
      reader.close();
    }
  }
  interface Row {
    readonly seq: number;
    readonly at_ms: number;
    readonly kind: string;
    readonly payload: string;
    readonly prev_hash: string;
    readonly hash: string;
  }
  /** Edits a copy of the ledger, the triggers that forbid it taken away. */
  function tamper(edit: (db: Database.Database, decision: Row) => void): {
    readonly result: VerifyResult;
    readonly seq: number;
  } {
    const path = join(folder, 'edited.db');
    copyFileSync(ledgerPath, path);
    const db = new Database(path);
    db.pragma('foreign_keys = OFF');
    const triggers = db.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all() as { name: string }[];
    for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
    const decision = db
      .prepare("SELECT * FROM events WHERE kind = 'decision' AND payload LIKE '%\"BLOCK\"%' ORDER BY seq LIMIT 1")
      .get() as Row;
    edit(db, decision);
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
    const result = verify(path, head);
    rmSync(path);
    return { result, seq: decision.seq };
  }

  it('BY-30 verifies a ledger whose agent sent a text without a UTF-8 form', () => {
    const result = verify(ledgerPath, head);
    assert.ok(result.ok, JSON.stringify(result));
  });
  for (const [name, edit, offset] of [
    [
      'a BLOCK turned into an ALLOW',
      (db, row) =>
        db
          .prepare('UPDATE events SET payload = ? WHERE seq = ?')
          .run(row.payload.replace('"decision":"BLOCK"', '"decision":"ALLOW"'), row.seq),
      0,
    ],
    ['another time', (db, row) => db.prepare('UPDATE events SET at_ms = at_ms + 1 WHERE seq = ?').run(row.seq), 0],
    ['another kind', (db, row) => db.prepare("UPDATE events SET kind = 'alert' WHERE seq = ?").run(row.seq), 0],
    [
      'another hash',
      (db, row) => db.prepare('UPDATE events SET hash = ? WHERE seq = ?').run('0'.repeat(64), row.seq),
      0,
    ],
    ['a record that is gone', (db, row) => db.prepare('DELETE FROM events WHERE seq = ?').run(row.seq), 0],
    [
      'white space in a record',
      (db, row) => db.prepare('UPDATE events SET payload = ? WHERE seq = ?').run(`${row.payload} `, row.seq),
      0,
    ],
  ] as readonly (readonly [string, (db: Database.Database, row: Row) => unknown, number])[]) {
    it(`BY-30 names the first wrong record after ${name} [TM-5]`, () => {
      const { result, seq } = tamper(edit);
      assert.equal(result.ok, false);
      if (!result.ok)
        assert.ok(
          result.seq !== null && Math.abs(result.seq - seq - offset) <= 1,
          `${result.seq} for ${seq}: ${result.detail}`,
        );
    });
  }
  it('BY-30 finds an end that was cut off, by the head that was noted elsewhere [TM-54]', () => {
    const { result } = tamper((db) => db.prepare('DELETE FROM events WHERE seq > ?').run(head.seq - 2));
    assert.equal(result.ok, false);
  });
  /** Says whatever it likes of its verdicts. */
  const inLongForm = (payload: string, more: object): string => {
    const record = JSON.parse(payload) as { readonly context: unknown; readonly decision: object };
    const context_hash = createHash('sha256').update(canonicalJson(record.context)).digest('hex');
    const long = { budget: {}, condition_reducing: false, constraints: {}, context_hash, verdicts: [] };
    const decision = JSON.parse(JSON.stringify({ ...record.decision, ...long, ...more })) as object;
    return canonicalJson({ ...record, decision });
  };
  const forgeries: readonly (readonly [string, (payload: string) => string])[] = [
    ['its verdict', (payload) => payload.replace('"decision":"BLOCK"', '"decision":"ALLOW"')],
    ['its reason', (payload) => payload.replace(/"reasons":\[\["[A-Z_]+"/, '"reasons":[["RATE"')],
    ['its request', (payload) => payload.replace('"request":["main"', '"request":["other"')],
    ['in long form, as if nothing derived it', (payload) => inLongForm(payload, {})],
    ['in long form, as if it were of before versions', (payload) => inLongForm(payload, { core_version: undefined })],
    ['a member more', (payload) => payload.replace('"kind":"tool"', '"is_paced":true,"kind":"tool"')],
  ];
  for (const [what, forge] of forgeries)
    it(`BY-30 finds a decision that was forged (${what}) with a chain that is whole again [LE-118]`, () => {
      const { result, seq } = tamper((db, decision) => {
        const rows = db.prepare('SELECT * FROM events WHERE seq >= ? ORDER BY seq').all(decision.seq) as Row[];
        let previous = rows[0]?.prev_hash ?? '';
        for (const row of rows) {
          const payload = row.seq === decision.seq ? forge(row.payload) : row.payload;
          if (row.seq === decision.seq) assert.notEqual(payload, row.payload, 'something is forged');
          const hash = hashEvent(previous, row, payload);
          db.prepare('UPDATE events SET payload = ?, prev_hash = ?, hash = ? WHERE seq = ?').run(
            payload,
            previous,
            hash,
            row.seq,
          );
          previous = hash;
        }
      });
      assert.equal(result.ok, false);
      if (!result.ok) assert.ok(result.seq === seq, `${result.seq} for ${seq}: ${result.problem}`);
    });
  it('BY-30 cannot be edited through SQL while the triggers stand', () => {
    const path = join(folder, 'guarded.db');
    copyFileSync(ledgerPath, path);
    const db = new Database(path);
    try {
      assert.throws(() => db.exec('DELETE FROM events WHERE seq = 3'));
      assert.throws(() => db.exec("UPDATE events SET kind = 'x' WHERE seq = 3"));
    } finally {
      db.close();
      rmSync(path);
    }
  });
  it('BY-30 does not start a daemon on a ledger that was edited', async (t) => {
    const world = await DaemonWorld.of(t, { real: true });
    await world.place();
    await world.daemon.close();
    const path = join(world.home, 'paper', 'ledger.db');
    const db = new Database(path);
    for (const { name } of db.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all() as {
      name: string;
    }[])
      db.exec(`DROP TRIGGER ${name}`);
    db.exec('UPDATE events SET at_ms = at_ms + 1 WHERE seq = (SELECT max(seq) FROM events)');
    db.close();
    await assert.rejects(world.restart());
  });
});
