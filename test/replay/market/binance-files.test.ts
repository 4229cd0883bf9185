import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32, deflateRawSync } from 'node:zlib';
import { type LoadedMarket, MarketDataError, readMarketData } from '../../../daemon/evaluation/market/read.ts';
import { MARKET_FOLDER } from '../../fixtures/recorded.ts';
import { BAR_HEADER, QUARTER_MS, START_MS, steadyRows, withFolder } from './market-folder.ts';

/** The first line of files of USD-M futures; older ones, and those of spot, have none. */
const HEADER =
  'open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore';
const MONTHS = ['BTCUSDT-15m-2025-09', 'BTCUSDT-15m-2025-10'] as const;
const OURS = 'BTCUSDT-15m.csv';

/** Rows of ours as Binance writes them. `unit`: parts of a millisecond. */
function toBinance(rows: readonly string[], unit = 1): string[] {
  return rows.map((row) => {
    const [time = '', ...cells] = row.split(',');
    const openMs = Number(time);
    const closes = (openMs + QUARTER_MS) * unit - 1;
    return [openMs * unit, ...cells, closes, '1025.12', 31, '5.1', '510.3', 0].join(',');
  });
}

interface Zipped {
  readonly name?: string;
  readonly stored?: boolean;
  /** Changes the bytes of the archive. */
  readonly spoil?: (archive: Buffer) => Buffer;
  readonly times?: number;
}
/** A zip archive of one file, `times` over, as the format's description has it. */
function zip(
  text: string,
  { name = 'data.csv', stored = false, spoil = (all) => all, times = 1 }: Zipped = {},
): Buffer {
  const bytes = Buffer.from(text);
  const data = stored ? bytes : deflateRawSync(bytes);
  const sizes = Buffer.alloc(12);
  sizes.writeUInt32LE(crc32(bytes), 0);
  sizes.writeUInt32LE(data.length, 4);
  sizes.writeUInt32LE(bytes.length, 8);
  const head = Buffer.from([20, 0, 0, 0, stored ? 0 : 8, 0, 0, 0, 0, 0]);
  const lengths = Buffer.from([name.length, 0, 0, 0]);
  const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), head, sizes, lengths, Buffer.from(name), data]);
  const entry = [
    Buffer.from('PK\x01\x02\x14\x00', 'latin1'),
    head,
    sizes,
    lengths,
    Buffer.alloc(14),
    Buffer.from(name),
  ];
  const directory = Buffer.concat(Array.from({ length: times }, () => entry).flat());
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(times, 8);
  end.writeUInt16LE(times, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(local.length, 16);
  return spoil(Buffer.concat([local, directory, end]));
}

const text = (lines: readonly string[]): string => `${lines.join('\n')}\n`;
/** What is read of a folder with these further files (name -> bytes). */
function read(files: Readonly<Record<string, Buffer | string>>): LoadedMarket {
  return withFolder({}, (folder) => {
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
    return readMarketData(folder);
  });
}
function refusal(files: Readonly<Record<string, Buffer | string>>): string {
  try {
    read(files);
  } catch (error) {
    assert.ok(error instanceof MarketDataError, String(error));
    return error.message;
  }
  return assert.fail('the data were taken');
}
/** Bars and funding, without where they came from. */
const seriesOf = ({ symbols, startMs, endMs, barMs }: LoadedMarket) => ({ symbols, startMs, endMs, barMs });

const rows = steadyRows(0, 40);
const [september, october] = [rows.slice(0, 24), rows.slice(24)];
const ours = seriesOf(read({ [OURS]: text([BAR_HEADER, ...rows]) }));

for (const [what, header, unit] of [
  ['with a header, in milliseconds', [HEADER], 1],
  ['without a header, in milliseconds', [], 1],
  ['with a header, in microseconds', [HEADER], 1000],
  ['without a header, in microseconds', [], 1000],
] as const)
  test(`bars of Binance's own files, ${what}, are the bars of ours, plain or zipped`, () => {
    const parts = [september, october].map((part) => text([...header, ...toBinance(part, unit)]));
    const plain = read(Object.fromEntries(MONTHS.map((month, i) => [`${month}.csv`, parts[i] ?? ''])));
    assert.deepEqual(seriesOf(plain), ours);
    const zipped = MONTHS.map((month, i) => [`${month}.zip`, zip(parts[i] ?? '', { name: `${month}.csv` })] as const);
    const market = read(Object.fromEntries(zipped));
    assert.deepEqual(seriesOf(market), ours);
    assert.deepEqual(
      market.inputs,
      zipped.map(([name, bytes], i) => ({
        name,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        rows: i === 0 ? 24 : 16,
      })),
      'the sha256 is that of the archive, which Binance publishes beside it',
    );
  });

test('a month beside the same month unpacked, and months of both units, are one series', () => {
  const [first, second] = [text([HEADER, ...toBinance(september)]), text(toBinance(october, 1000))];
  const market = read({
    [`${MONTHS[0]}.csv`]: first,
    [`${MONTHS[0]}.zip`]: zip(first),
    [`${MONTHS[1]}.zip`]: zip(second, { stored: true }),
    [`${MONTHS[1]}.zip.CHECKSUM`]: 'not looked at',
  });
  assert.deepEqual(seriesOf(market), ours);
});

test("Binance's own files of funding are read", () => {
  const times = [0, 1, 2].map((i) => START_MS + i * 28_800_000 + 3);
  const lines = times.map((time, i) => `${time},8,0.000${i + 1}`);
  const theirs = zip(text(['calc_time,funding_interval_hours,last_funding_rate', ...lines]));
  const expected = ['funding_time_ms,funding_rate', ...times.map((time, i) => `${time},0.000${i + 1}`)];
  const bars = { [OURS]: text([BAR_HEADER, ...rows]) };
  const funding = (files: Readonly<Record<string, Buffer | string>>) => read({ ...bars, ...files }).symbols[0]?.funding;
  assert.deepEqual(
    funding({ 'BTCUSDT-fundingRate-2025-09.zip': theirs }),
    funding({ 'BTCUSDT-funding.csv': text(expected) }),
  );
});

test("real bars are the same in Binance's form", () => {
  const name = 'BTCUSDT-um-15m-20250901-20251201.csv';
  const [header, ...lines] = readFileSync(join(MARKET_FOLDER, firstBars()), 'utf8').trim().split('\n');
  assert.equal(header, BAR_HEADER);
  assert.deepEqual(
    seriesOf(read({ 'BTCUSDT-15m-2025-10.zip': zip(text([HEADER, ...toBinance(lines)])) })),
    seriesOf(read({ [name]: text([BAR_HEADER, ...lines]) })),
  );
});

test('an archive of a common tool is read', (t) => {
  const program = [
    'import sys, zipfile',
    'archive = zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED)',
    'archive.writestr(sys.argv[2], sys.stdin.read())',
    'archive.comment = b"made by a tool PK"',
    'archive.close()',
  ].join('\n');
  withFolder({}, (folder) => {
    const file = join(folder, `${MONTHS[0]}.zip`);
    const input = text([HEADER, ...toBinance(rows)]);
    const { error, status } = spawnSync('python3', ['-c', program, file, `${MONTHS[0]}.csv`], { input });
    if (error !== undefined) return t.skip('there is no python3');
    assert.equal(status, 0);
    assert.deepEqual(seriesOf(readMarketData(folder)), ours);
  });
});

test('a quarterly contract is another market than the perpetual, and is left alone', () => {
  const name = 'BTCUSDT_260327-15m-2025-09.csv';
  const other = rows.map((row) => row.replace(',100,101,', ',100,102,'));
  const market = read({ [OURS]: text([BAR_HEADER, ...rows]), [name]: text([BAR_HEADER, ...other]) });
  assert.deepEqual(seriesOf(market), ours);
  assert.ok(market.notes.some((note) => note.startsWith(`${name}: left alone`)));
});

const good = text([HEADER, ...toBinance(rows)]);
const file = `${MONTHS[0]}.zip`;
for (const [what, files, expected] of [
  ['what is no archive', { [file]: good }, /2025-09\.zip: is no zip archive that can be read/],
  ['half of one', { [file]: zip(good, { spoil: (all) => all.subarray(0, 200) }) }, /is no zip archive/],
  ['one with two files', { [file]: zip(good, { times: 2 }) }, /holds 2 files; one CSV file is expected/],
  ['one without a CSV file', { [file]: zip(good, { name: 'a.txt' }) }, /holds a\.txt; one CSV file is expected/],
  ['one whose bytes were changed', { [file]: zip(good, { spoil: spoilData }) }, /is no zip archive|its checksum/],
  ['one that is enciphered', { [file]: zip(good, { spoil: encipher }) }, /is no zip archive/],
  [
    'a bad row of one, with its line',
    { [file]: zip(text([...toBinance(rows.slice(0, 3)), 'x,1,1,1,1,1,0,0,0,0,0,0'])) },
    /2025-09\.zip:4: "x" is not a time/,
  ],
  [
    'a bad row behind a header, with its line',
    { [file]: zip(text([HEADER, ...toBinance(rows.slice(0, 3)), 'x,1,1,1,1,1,0,0,0,0,0,0'])) },
    /2025-09\.zip:5: "x" is not a time/,
  ],
  [
    'microseconds that are no whole milliseconds',
    { [file]: zip(text([HEADER, ...toBinance(rows, 1000).map((row) => row.replace(/^(\d+)0,/, '$17,'))])) },
    /is not a time in UTC milliseconds or microseconds/,
  ],
  [
    'microseconds under a name that says milliseconds',
    { [OURS]: text([BAR_HEADER, ...rows.map((row) => row.replace(/^(\d+),/, '$1000,'))]) },
    /is not a time in UTC milliseconds/,
  ],
  ['a file without a header that has other columns', { [OURS]: text(rows) }, /column open_time_ms.* is missing/],
] as const)
  test(`refuses ${what}`, () => assert.match(refusal(files), expected));

function firstBars(): string {
  const { inputs } = readMarketData(MARKET_FOLDER, { symbols: ['BTCUSDT'] });
  const found = inputs.find(({ name }) => name.includes('15m') && !name.includes('warmup'));
  assert.ok(found !== undefined);
  return found.name;
}
function spoilData(archive: Buffer): Buffer {
  const at = 60;
  archive[at] = (archive[at] ?? 0) ^ 0xff;
  return archive;
}
function encipher(archive: Buffer): Buffer {
  const entry = archive.indexOf(Buffer.from('PK\x01\x02', 'latin1'));
  archive[entry + 8] = 1;
  return archive;
}
