import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { holdfast } from '../cli/run.ts';
import { tempFolder } from '../temp-folder.ts';
import { readText } from './documents.ts';

const TEXT = readText('policies/default.yaml');
const home = tempFolder({ after }, 'broken');

function edit(from: string | RegExp, to: string): string {
  const text = TEXT.replace(from, to);
  assert.notEqual(text, TEXT, String(from));
  return text;
}

/** What each row of the page does to the file, in the order of the page. */
const EDITS: readonly (readonly [string, string | Buffer])[] = [
  ['a tab', edit('  leverage: 3 ', '\tleverage: 3 ')],
  ['one space too many', edit('  leverage: 3 ', '   leverage: 3 ')],
  ['without the colon', edit('  leverage: 3 ', '  leverage 3 ')],
  ['twice', edit(/( {2}leverage: 3 .*\n)/, '$1$1')],
  ['stop_bp:', edit('stop_bps: 300', 'stop_bp: 300')],
  ['no `leverage`', edit(/ {2}leverage: 3 .*\n/, '')],
  ['"3"', edit('leverage: 3 ', 'leverage: "3" ')],
  ['3.0000000000000004', edit('leverage: 3 ', 'leverage: 3.0000000000000004 ')],
  ['0,6', edit('notional: 0.6', 'notional: 0,6')],
  ['1.2000000000000002', edit('notional: 0.6', 'notional: 1.2000000000000002')],
  ['[open, modify]', edit(/actions: \[.*\]/, 'actions: [open, modify]')],
  ['ends before `account:`', TEXT.slice(0, TEXT.indexOf('\naccount:') + 1)],
  ['not UTF-8', Buffer.concat([Buffer.from(TEXT), Buffer.from('# caf\xe9\n', 'latin1')])],
];

function readRows(): readonly (readonly [string, string])[] {
  const [, table = ''] = readText('docs/policy.md').split('<!-- broken: a test breaks the file in each way');
  const rows = table.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(1, 1 + EDITS.length).map((line) => {
    const [, written = '', said = ''] = /^\| (.*) \| `(.*)` \|$/.exec(line) ?? [];
    return [written, said];
  });
}

describe('a broken policy file gets one message', () => {
  const rows = readRows();
  it('the page names at least ten, each by its edit', () => {
    assert.ok(EDITS.length >= 10);
    for (const [index, [mark]] of EDITS.entries()) assert.ok(rows[index]?.[0].includes(mark), `row ${index}: ${mark}`);
  });

  for (const [index, [mark, content]] of EDITS.entries()) {
    it(mark, async () => {
      const file = join(home, `${index}.yaml`);
      writeFileSync(file, content);
      const { code, out } = await holdfast(['policy', 'check', file], { HOLDFAST_HOME: home, HOLDFAST_PORT: '1' });
      assert.equal(code, 5);
      assert.equal(out, `${rows[index]?.[1]}\n`);
    });
  }

  it('tabs on every line are one mistake', async () => {
    const file = join(home, 'tabs.yaml');
    const tabs = TEXT.replace(/^(?: {2})+/gm, (spaces) => '\t'.repeat(spaces.length / 2));
    writeFileSync(file, tabs);
    const { out } = await holdfast(['policy', 'check', file], { HOLDFAST_HOME: home, HOLDFAST_PORT: '1' });
    assert.match(out, /^\(document\): line 13: is indented with a tab; YAML takes only spaces\n$/);
  });

  it('a computed figure has no noise of binary fractions', async () => {
    const { parsePolicy } = await import('../../daemon/policy/parse.ts');
    const venue = () => ({ smallest_order_usdt: 2, closed: null });
    const small = edit('order_notional_usdt: 1000', 'order_notional_usdt: 3').replace('notional: 0.6', 'notional: 0.4');
    const parsed = parsePolicy(small, 'p.yaml', venue);
    const said = parsed.warnings.map(({ message }) => message).join('\n');
    assert.match(said, /an order of at most 1\.2 USDT lies below the smallest order of BTCUSDT \(2 USDT\)/);
    assert.doesNotMatch(said, /00000/);
  });
});

describe('what a venue knows', () => {
  const text = edit('symbols: [BTCUSDT, ETHUSDT]', 'symbols: [BTCUSDT, ETHUSDT, DOGEUSDT]');
  const read = async (changed: string, smallest: number, closed: string | null = null) => {
    const { parsePolicy } = await import('../../daemon/policy/parse.ts');
    return parsePolicy(changed, 'p.yaml', (symbol) => ({
      smallest_order_usdt: symbol === 'DOGEUSDT' ? null : smallest,
      closed: symbol === 'DOGEUSDT' ? closed : null,
    }));
  };
  it('a symbol that is not listed is named, as a warning', async () => {
    const { ok, warnings } = await read(text, 5, 'is not listed at the venue');
    assert.equal(ok, true);
    assert.deepEqual(
      warnings.map(({ path, message }) => [path, message]),
      [['scope.symbols[2]', 'DOGEUSDT is not listed at the venue: nothing is opened there']],
    );
  });

  it('each regime is held against the least of the three caps', async () => {
    const symbolCap = text.replace('symbol_notional_usdt: 2000', 'symbol_notional_usdt: 300');
    for (const [smallest, regimes] of [
      [75, []],
      [75.01, ['extreme']],
      [180, ['extreme']],
      [180.01, ['volatile', 'extreme']],
    ] as const) {
      const { warnings } = await read(symbolCap, smallest);
      const paths = [...new Set(warnings.map(({ path }) => path).filter((path) => path.startsWith('market')))];
      assert.deepEqual(
        paths,
        regimes.map((regime) => `market.regimes.${regime}.notional`),
        String(smallest),
      );
    }
  });

  it("an agent's own cap below it is told, and one that does not trade the symbol is left alone", async () => {
    const agents = (scope: string) =>
      text.replace('  default: {}', `  bob: { budgets: { order_notional_usdt: 60 }${scope} }`);
    const reported = (await read(agents(''), 60.01)).warnings.map(({ path }) => path);
    assert.deepEqual([...new Set(reported)], ['agents.bob.budgets.order_notional_usdt']);
    assert.deepEqual((await read(agents(''), 60)).warnings, []);
    assert.deepEqual((await read(agents(', scope: { symbols: [DOGEUSDT] }'), 60.01)).warnings, []);
  });
});
