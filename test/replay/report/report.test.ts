import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { CORE_VERSION } from '../../../daemon/core/core-version.ts';
import { buildReport, formatMarkdown, formatReport, writeReport } from '../../../daemon/evaluation/report/build.ts';
import { formatPage } from '../../../daemon/evaluation/report/page.ts';
import { buildTables } from '../../../daemon/evaluation/report/tables.ts';
import { tempFolder } from '../../temp-folder.ts';
import { drawEvaluation } from './report-fixture.ts';
import { ReportSchema } from './report-schema.ts';

const { parts, curves } = drawEvaluation();
const report = buildReport(parts);
const page = formatPage(report, curves);

test('report.json has the published shape and its keys in a fixed order', () => {
  const validate = new Ajv({ strict: false, allErrors: true }).compile(ReportSchema);
  const parsed: unknown = JSON.parse(formatReport(report));
  assert.ok(validate(parsed), JSON.stringify(validate.errors, null, 1));
  assert.deepEqual(Object.keys(report), ['variants', 'shrink', 'tests', 'inputs'], 'sections');
  const expected = ['NoSAE', 'StaticOMS', 'Budget', 'Budget+Cooldown', 'Full', 'Holdfast', 'Holdfast-no-regimes'];
  assert.deepEqual(Object.keys(report.variants), expected, 'variants in the order given');
});

test('figures in JSON are as they are, and none is infinite or not a number', () => {
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'number') assert.ok(Number.isFinite(value), `${path} is ${value}`);
    else if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) walk(inner, `${path}.${key}`);
  };
  walk(report, 'report');
  const parsed = JSON.parse(formatReport(report)) as typeof report;
  assert.equal(parsed.variants.Full!.mdd!.mean, report.variants.Full!.mdd!.mean, 'no rounding');
});

test('the page is one file: no script, no reference to anything outside it', () => {
  assert.ok(!/<script|<link|<img|<iframe|@import/i.test(page), 'elements that load');
  assert.ok(!/\s(?:src|srcset)=/i.test(page), 'src');
  assert.ok(!/url\((?!#)/i.test(page), 'url() of anything but its own parts');
  const links = [...page.matchAll(/href="([^"]*)"/g)].map((match) => match[1]!);
  assert.ok(links.length > 5 && links.every((link) => link.startsWith('#')), `links ${links.join(' ')}`);
  const hosts = [...page.matchAll(/https?:\/\/[^"'\s<)]+/g)].map((match) => match[0]);
  assert.deepEqual([...new Set(hosts)], ['http://www.w3.org/2000/svg'], 'only the name of the SVG language');
});

test('the page shows every figure for wide and narrow screens, and light and dark', () => {
  const figures = page.match(/<figure>/g)?.length ?? 0;
  assert.equal(figures, 6, 'curves, success, damage, three of use');
  assert.equal(page.match(/<svg class="wide"/g)?.length, figures, 'wide');
  assert.equal(page.match(/<svg class="narrow"/g)?.length, figures, 'narrow');
  assert.match(page, /prefers-color-scheme:dark/, 'dark');
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]!);
  assert.equal(new Set(ids).size, ids.length, 'ids are unique');
  assert.ok(!page.includes('NaN') && !page.includes('undefined'), 'no hole in a figure');
});

test('the page and Markdown come out the same again, and carry text as text', () => {
  assert.equal(formatPage(report, curves), page, 'page');
  assert.ok(page.includes('bars &amp; &lt;gaps&gt;.csv'), 'escaped in HTML');
  const markdown = formatMarkdown(report);
  assert.ok(markdown.includes('bars & &lt;gaps>.csv'), 'escaped in Markdown');
  assert.equal(formatMarkdown(buildReport(drawEvaluation().parts)), markdown, 'Markdown from the same seeds');
});

test('the report says from which core on its figures count, and that older reports are not comparable', () => {
  assert.equal(report.inputs.baseline.core, CORE_VERSION, 'its own core');
  assert.ok(report.inputs.baseline.comparable_from_core <= CORE_VERSION, 'at least this one');
  for (const text of [page, formatMarkdown(report)]) {
    assert.match(text, /count from core version 3 on \(one holder a symbol/, 'from which core');
    assert.match(text, /reports of an older core, or without its version, are not comparable/, 'the older ones');
  }
});

test('the shared account is told apart by what is reserved in it, and beside single ones in no other table', () => {
  const { shared, ours } = buildTables(report);
  const scenarios = shared.rows.filter(([variant]) => variant === 'Full').map(([, scenario]) => scenario);
  const unreserved = ['none/x1/shared/unreserved', 'squat/random/x1/shared/unreserved'];
  assert.deepEqual(scenarios, ['none/x1/shared', 'squat/random/x1/shared', ...unreserved]);
  assert.equal(ours.rows.length, Object.keys(report.variants).length, 'one row a variant');
});

test('every table has a cell under every heading, and a figure that is not there reads n/a', () => {
  const tables = Object.entries(buildTables(report));
  assert.ok(tables.length >= 9, `${tables.length} tables`);
  for (const [name, { header, rows }] of tables) {
    assert.ok(rows.length > 0, `${name} has rows`);
    for (const row of rows) assert.equal(row.length, header.length, `${name}: ${row[0]}`);
  }
  const none = buildTables({ ...report, variants: { Full: { ...report.variants.Full!, attack_success: null } } });
  assert.equal(none.ours.rows[0]?.[none.ours.header.indexOf('attack success')], 'n/a', 'no attack success');
});

test('a report of one scenario leaves out the sections that have nothing to show', () => {
  const bare = buildReport(parts);
  const text = formatPage({ ...bare, tests: { ...bare.tests, dominance: { rows: [], met: [] } } }, []);
  assert.ok(!text.includes('id="runs"') && !text.includes('id="use"'), 'sections');
  assert.ok(text.includes('id="inputs"'), 'inputs stay');
});

test('writes the three files', (t) => {
  const folder = tempFolder(t, 'report');
  writeReport(join(folder, 'new'), parts, curves);
  assert.deepEqual(readdirSync(join(folder, 'new')).sort(), ['report.html', 'report.json', 'report.md'], 'files');
  assert.equal(readFileSync(join(folder, 'new', 'report.html'), 'utf8'), page, 'page');
});
