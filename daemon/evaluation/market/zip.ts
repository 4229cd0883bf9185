import { crc32, inflateRawSync } from 'node:zlib';
import { MarketDataError } from '../facts/out-folder.ts';

/** Of the file that is unpacked: a month of bars of a minute has 6 MB. */
const MAX_BYTES = 256 * 1024 * 1024;
const END = { mark: 0x06054b50, bytes: 22, longestComment: 0xffff };
const ENTRY_MARK = 0x02014b50;
const FILE = { mark: 0x04034b50, bytes: 30 };
const STORED = 0;
const DEFLATED = 8;
/** Bit of the flags: the bytes are enciphered. */
const ENCIPHERED = 1;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  /** Where its file begins. */
  readonly at: number;
}

/**
 * The one CSV file in a zip archive, as Binance publishes a month or a day. `path` is for messages.
 * @throws MarketDataError
 */
export function unzipCsv(archive: Buffer, path: string): Buffer {
  let entry: Entry;
  let bytes: Buffer;
  try {
    entry = readOnlyEntry(archive, path);
    bytes = unpack(archive, entry);
  } catch (error) {
    if (error instanceof MarketDataError) throw error;
    throw new MarketDataError(`${path}: is no zip archive that can be read`);
  }
  if (bytes.length === entry.bytes && crc32(bytes) === entry.crc) return bytes;
  throw new MarketDataError(`${path}: ${entry.name} in it is damaged: its checksum is another one`);
}

function readOnlyEntry(archive: Buffer, path: string): Entry {
  const end = findEnd(archive);
  const count = archive.readUInt16LE(end + 10);
  if (count !== 1) throw new MarketDataError(`${path}: holds ${count} files; one CSV file is expected`);
  const at = archive.readUInt32LE(end + 16);
  mustHold(archive.readUInt32LE(at) === ENTRY_MARK && (archive.readUInt16LE(at + 8) & ENCIPHERED) === 0);
  const name = archive.toString('utf8', at + 46, at + 46 + archive.readUInt16LE(at + 28));
  if (!name.endsWith('.csv'))
    throw new MarketDataError(`${path}: holds ${name.slice(0, 80)}; one CSV file is expected`);
  return {
    name,
    method: archive.readUInt16LE(at + 10),
    crc: archive.readUInt32LE(at + 16),
    packedBytes: archive.readUInt32LE(at + 20),
    bytes: archive.readUInt32LE(at + 24),
    at: archive.readUInt32LE(at + 42),
  };
}

/** The last record of an archive, with a comment behind it that may hold anything. */
function findEnd(archive: Buffer): number {
  const first = Math.max(0, archive.length - END.bytes - END.longestComment);
  for (let at = archive.length - END.bytes; at >= first; at -= 1)
    if (archive.readUInt32LE(at) === END.mark && at + END.bytes + archive.readUInt16LE(at + 20) === archive.length)
      return at;
  throw new RangeError('no end of an archive');
}

function unpack(archive: Buffer, { at, method, packedBytes }: Entry): Buffer {
  mustHold(archive.readUInt32LE(at) === FILE.mark);
  const from = at + FILE.bytes + archive.readUInt16LE(at + 26) + archive.readUInt16LE(at + 28);
  mustHold(from + packedBytes <= archive.length);
  const packed = archive.subarray(from, from + packedBytes);
  mustHold(method === STORED || method === DEFLATED);
  return method === STORED ? packed : inflateRawSync(packed, { maxOutputLength: MAX_BYTES });
}

function mustHold(isSo: boolean): void {
  if (!isSo) throw new RangeError('not as the format has it');
}
