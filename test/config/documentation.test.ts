import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { EXIT } from '../../daemon/cli/exit-codes.ts';
import type { EventKind } from '../../daemon/engine/records/events.ts';
import { holdfast } from '../cli/run.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const EVENTS = read('docs/events.md');
const COMMANDS = read('docs/commands.md');
const OPERATING = read('docs/operating.md');
const MAX_OPERATING_LINES = 500;

/** The compiler keeps this complete. */
const KINDS: Record<EventKind, true> = {
  account: true,
  agent_seen: true,
  alert: true,
  alert_ack: true,
  approval: true,
  alert_message: true,
  alert_routes: true,
  archived: true,
  arming: true,
  arming_signed: true,
  checkpoint: true,
  countdown: true,
  decision: true,
  exit_target: true,
  holder: true,
  income: true,
  head: true,
  key: true,
  leverage: true,
  market: true,
  order: true,
  order_intent: true,
  passkey: true,
  policy: true,
  rebase: true,
  recovery: true,
  rejected_input: true,
  request_sum: true,
  rules: true,
  signal: true,
  state: true,
  text_erased: true,
  token: true,
  token_act: true,
  trade: true,
  transfer: true,
};

test('docs/events.md names every event kind and metric', () => {
  for (const kind of Object.keys(KINDS)) assert.ok(EVENTS.includes(`\n| \`${kind}\` |`), `event kind ${kind}`);
  const metrics = [
    'daemon/boot/figures/metrics.ts',
    'daemon/boot/figures/account-metrics.ts',
    'daemon/http/requests/metrics.ts',
  ].flatMap((file) => Array.from(read(file).matchAll(/'(holdfast_[a-z0-9_]+)'/g), (match) => match[1]));
  assert.ok(metrics.length > 30, 'metrics were found');
  for (const metric of metrics) assert.ok(EVENTS.includes(`\`${metric}\``), `metric ${metric}`);
});

test('docs/commands.md names every exit code and verb', async () => {
  for (const code of Object.values(EXIT)) assert.ok(COMMANDS.includes(`\n| ${code} | `), `exit code ${code}`);
  const { out } = await holdfast('--help');
  const verbs = Array.from(out.matchAll(/^ {2}([a-z-]+) .*$/gm), (match) => match[1] ?? '');
  assert.ok(verbs.length > 10, 'verbs were found');
  for (const verb of verbs) if (verb !== 'help') assert.match(COMMANDS, new RegExp(`\`${verb}[\` ]`), `verb ${verb}`);
});

test('docs/operating.md begins with day one, is no longer than a person reads, and the README leads to it', () => {
  assert.equal(/^## (.+)$/m.exec(OPERATING)?.[1], 'Day one');
  assert.ok(OPERATING.split('\n').length <= MAX_OPERATING_LINES);
  assert.ok(read('README.md').includes('(docs/operating.md)'));
});
