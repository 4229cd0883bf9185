import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALERTS } from '../../daemon/core/alerts.ts';
import type { StateLayer, TradingStateName } from '../../daemon/core/context.ts';
import { readPage } from './pages.ts';

const RUNBOOK = readPage('docs/runbook.md').text;

/** The compiler keeps these complete. */
const STATES: Record<TradingStateName, true> = { active: true, halted: true, reducing: true };
const LAYERS: Record<StateLayer, true> = { boot: true, breaker: true, condition: true, operator: true };

/** Entries of a chapter of the runbook, by heading. */
function readEntries(chapter: string): ReadonlyMap<string, string> {
  const [, text = ''] = RUNBOOK.split(`\n## ${chapter}\n`);
  const [inChapter = ''] = text.split(/\n#{1,2} /);
  const [, ...entries] = inChapter.split('\n### ');
  return new Map(
    entries.map((entry) => {
      const [heading = '', ...lines] = entry.split('\n');
      return [heading, lines.join('\n')];
    }),
  );
}

function checkEntries(entries: ReadonlyMap<string, string>, wanted: readonly string[]): void {
  assert.deepEqual([...entries.keys()].sort(), [...wanted].sort());
  for (const [heading, text] of entries)
    assert.match(text, /^\n\*\*Cause\.\*\* \S.*\n\*\*Check\.\*\* \S.*\n\*\*Action\.\*\* \S/s, heading);
}

test('the runbook has cause, check and action of every alert that the daemon raises, and of no other', () => {
  assert.ok(Object.keys(ALERTS).length > 30);
  checkEntries(readEntries('Alerts'), Object.keys(ALERTS));
});

test('the runbook has cause, check and action of every trading state and every layer', () => {
  const states = Object.keys(STATES).map((state) => `State: ${state}`);
  const layers = Object.keys(LAYERS).map((layer) => `Layer: ${layer}`);
  checkEntries(readEntries('States'), [...states, ...layers]);
});
