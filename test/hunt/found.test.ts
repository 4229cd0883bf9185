import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readMarketData } from '../../daemon/evaluation/market/read.ts';
import type { KeptHunt } from '../../scripts/hunt/plan.ts';
import { Range } from '../../scripts/hunt/play.ts';

const range = new Range(readMarketData(join(import.meta.dirname, '..', 'fixtures', 'market-data')));
const FOLDER = join(import.meta.dirname, 'found');
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));

assert.ok(files.length > 0);
for (const file of files) {
  const { found, mended, plan, story } = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as KeptHunt;
  test(`${file}: ${mended ? 'no longer' : 'still'}: ${story}`, () => {
    const episode = range.play(plan);
    assert.equal(episode.found, mended ? '' : found, episode.details.join('\n'));
    assert.equal(episode.asks, plan.moves.length, 'every move was asked');
  });
}
