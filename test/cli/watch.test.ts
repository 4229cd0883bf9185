import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runCli } from '../../daemon/cli/run.ts';
import type { Terminal } from '../../daemon/cli/terminal.ts';
import { buildFrame } from '../../daemon/cli/watch/frame.ts';
import type { View } from '../../daemon/cli/watch/view.ts';
import { DaemonWorld } from '../daemon/harness.ts';
import { type FakeDaemon, replyJson, startFakeDaemon } from './fake-daemon.ts';
import { holdfast } from './run.ts';

/** A terminal of any size that keeps what is drawn, and presses keys. */
class FakeTerminal implements Terminal {
  readonly hasColours = false;
  columns = 80;
  rows = 24;
  isTaken = false;
  drawn: string[] = [];
  resize: () => void = () => undefined;
  press: (key: string) => void = () => undefined;
  #waiting: { readonly test: (text: string) => boolean; readonly done: (text: string) => void }[] = [];

  size(): { columns: number; rows: number } {
    return { columns: this.columns, rows: this.rows };
  }
  open(onResize: () => void, onKey: (key: string) => void): () => void {
    this.isTaken = true;
    this.resize = onResize;
    this.press = onKey;
    return () => {
      this.isTaken = false;
    };
  }
  take(text: string): void {
    this.drawn.push(text);
    for (const each of this.#waiting.filter(({ test: isIt }) => isIt(text))) each.done(text);
  }
  /** The next frame for which `isIt` holds. */
  next(isIt: (text: string) => boolean): Promise<string> {
    return new Promise((done) => this.#waiting.push({ test: isIt, done }));
  }
}
const CONTROL = new RegExp(`${'\u001b'}\\[[\\d?;]*[A-Za-z]`, 'g');
/** The lines of a drawn frame without control sequences. */
function linesOf(frame: string): readonly string[] {
  assert.ok(frame.startsWith('\u001b[H') && frame.endsWith('\u001b[J'), 'drawn over the frame before it');
  return frame.replaceAll(CONTROL, '').split('\r\n');
}

describe('watch', () => {
  let world: DaemonWorld;
  let view: View;
  let home = '';
  let env: Record<string, string> = {};
  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'holdfast-watch-'));
    mkdirSync(join(home, 'tokens'));
    writeFileSync(join(home, 'tokens', 'operator.token'), 'hf_operator\n');
    env = { HOLDFAST_HOME: home };
    world = await DaemonWorld.start({ real: true });
    await world.place({ requested_notional: 9000 });
    await world.place({ symbol: 'DOGEUSDT' });
    const real = { HOLDFAST_HOME: world.home, HOLDFAST_PORT: new URL(world.daemon.url).port };
    const { out, err } = await holdfast('watch --once --json', real);
    view = JSON.parse(out === '' ? err : out) as View;
  });
  after(async () => {
    rmSync(home, { recursive: true });
    await world.close();
  });

  /** The daemon's own answers, from a server that may go away and come back at one socket. */
  function serve(socket: string, changed: Partial<View> = {}): Promise<FakeDaemon> {
    const said = { ...view, ...changed };
    return startFakeDaemon(
      {
        'GET /readyz': replyJson(said.readiness),
        'GET /v1/trading-state': replyJson(said.trading_state),
        'GET /v1/account': replyJson(said.account),
        'GET /v1/limits': replyJson(said.limits),
        'GET /v1/positions': replyJson({ positions: said.positions, observed_at_ms: 0 }),
        'GET /v1/orders': replyJson({ orders: said.open_orders, next: null }),
        'GET /v1/decisions': replyJson({ decisions: said.decisions, next: null }),
        'GET /v1/alerts': replyJson({ alerts: said.alerts, next: null }),
      },
      socket,
    );
  }

  test('one screen of a running daemon says state, money, budgets, positions and decisions, and fits 80x24', async () => {
    const real = { HOLDFAST_HOME: world.home, HOLDFAST_PORT: new URL(world.daemon.url).port };
    const { code, out, err } = await holdfast('watch --once', real);
    assert.deepEqual([code, err], [0, '']);
    const lines = out.trimEnd().split('\n');
    assert.ok(lines.length <= 23 && lines.every((each) => each.length <= 80), out);
    assert.match(out, /^holdfast {2}paper {2}ACTIVE {2}ready {2}\d{4}-\d\d-\d\d [\d:]{8} UTC\nequity \d/);
    assert.match(out, /^used {2}gross \d+\/3000 {2}positions 1\/2 {2}orders 1\/20 {2}turnover \d+\/20000$/m);
    assert.match(out, /^positions \(1\)\n {2}BTCUSDT 0\.016 /m);
    assert.match(out, /BLOCK {2}SCOPE_SYMBOL$/m);
    assert.match(out, /LIMIT 0\.016 of 0\.\d+ {2}BUDGET_NOTIONAL$/m);
    assert.ok(!out.includes('\u001b'), 'no control sequences');
  });

  test('draws again on a resize, tells of a lost connection with the old figures, and finds the daemon again', async (t) => {
    const socket = join(home, 'w.sock');
    let daemon = await serve(socket);
    const terminal = new FakeTerminal();
    t.after(async () => {
      terminal.press('q');
      await daemon.close().catch(() => undefined);
    });
    const first = terminal.next(() => true);
    const ended = runCli(['watch', '--socket', socket], {
      env,
      terminal,
      out: (text) => terminal.take(text),
      err: () => undefined,
    });
    const lines = linesOf(await first);
    assert.equal(lines.length, 24);
    assert.ok(terminal.isTaken && lines.every((each) => each.length <= 80));
    const small = terminal.next((text) => linesOf(text).length === 10);
    [terminal.columns, terminal.rows] = [40, 10];
    terminal.resize();
    assert.ok(linesOf(await small).every((each) => each.length <= 40));
    [terminal.columns, terminal.rows] = [100, 30];
    terminal.resize();
    const lost = terminal.next((text) => text.includes('NO ANSWER since'));
    await daemon.close();
    assert.match(await lost, /equity \d/, 'what was known stays on the screen');
    const back = terminal.next((text) => text.includes('equity 77'));
    daemon = await serve(socket, { account: { ...view.account, equity_usdt: 77 } });
    assert.ok(!(await back).includes('NO ANSWER'));
    terminal.press('q');
    assert.deepEqual([await ended, terminal.isTaken], [0, false], 'the terminal is given back');
  });

  test('a refusal ends it, with the terminal given back', async () => {
    const socket = join(home, 'refuse.sock');
    const refused = { error: { code: 'FORBIDDEN', message: 'No.' } };
    const daemon = await startFakeDaemon(
      { 'GET /readyz': replyJson(view.readiness), 'GET /v1/account': replyJson(refused, 403) },
      socket,
    );
    const terminal = new FakeTerminal();
    const code = await runCli(['watch', '--socket', socket], { env, terminal, out: () => {}, err: () => {} });
    await daemon.close();
    assert.ok([2, 6].includes(code), String(code));
    assert.equal(terminal.isTaken, false);
  });

  test('at every size it has exactly the rows, none too long, and says how much it hides', () => {
    const crowded: View = {
      ...view,
      positions: Array.from({ length: 9 }, () => view.positions[0] as View['positions'][number]),
      alerts: Array.from({ length: 9 }, (_, seq) => ({
        seq,
        at_ms: 0,
        code: 'ORDER_LOST',
        detail: 'x'.repeat(200),
        symbol: null,
        acknowledged: null,
      })),
    };
    for (const rows of [1, 3, 8, 12, 24, 50])
      for (const columns of [20, 80, 200]) {
        const lines = buildFrame(crowded, columns, rows, null);
        assert.equal(lines.length, rows);
        for (const { text } of lines) assert.ok(text.length <= columns && !/\p{Cc}/u.test(text), text);
      }
    const at24 = buildFrame(crowded, 80, 24, null).map(({ text }) => text);
    assert.ok(at24.some((text) => /… and \d+ more/.test(text)));
    for (const title of ['positions (9)', 'alerts (9)', 'decisions (']) {
      assert.ok(
        at24.some((text) => text.startsWith(title)),
        `${title}\n${at24.join('\n')}`,
      );
    }
  });

  test('what an agent wrote moves no cursor', () => {
    const hostile = { ...view, decisions: view.decisions.map((each) => ({ ...each, agent: 'a\u001b[2J\r\nb' })) };
    for (const { text } of buildFrame(hostile, 80, 24, null)) assert.doesNotMatch(text, /[\p{Cc}\p{Cf}]/u);
  });

  test('what holds trading back stands above everything else, and an acknowledged alert is gone', () => {
    const seen = { at_ms: 1, by: 'op', reason: 'r' };
    const alert = { seq: 1, at_ms: 0, code: 'STOP_REFUSED', detail: 'd', symbol: null, acknowledged: seen };
    const texts = buildFrame(
      {
        ...view,
        readiness: { ...view.readiness, ready: false, waiting_for: ['the mark of BTCUSDT'], policy_error: 'bad' },
        alerts: [alert],
      },
      80,
      24,
      null,
    ).map(({ text }) => text);
    const waiting = texts.indexOf('waiting for: the mark of BTCUSDT');
    assert.ok(waiting > 0 && waiting < texts.findIndex((text) => text.startsWith('positions')));
    assert.ok(texts.includes('policy file REFUSED: bad') && texts.includes('no alerts'));
    assert.match(texts[0] ?? '', /NOT READY/);
  });
});
