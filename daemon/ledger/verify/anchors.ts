import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { HeadEvent, KeyEvent } from '../../engine/records/house-events.ts';
import { codeOf, messageOf } from '../errors.ts';
import { compareRecord, type NotedHead, type NotedRecord, readHeadFile } from '../proofs/head-file.ts';
import { exportPublicKey, HEAD_KIND, KEY_KIND, readPrivateKey } from '../proofs/head-records.ts';
import type { LedgerReader } from '../types.ts';
import { failure, type VerifyFailure } from './chain-walk.ts';

/** Something outside the chain that says what the chain must hold: a record, or a key that signs its heads. */
export type Anchor = { readonly name: string } & (
  | { readonly kind: 'record'; readonly noted: NotedRecord }
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'unreadable'; readonly why: string }
);

export interface AnchorPlaces {
  readonly ledgerPath: string;
  /** Null: the ledger is not that of a home. */
  readonly headFile: string | null;
  /** Records that a person noted, by the name of the note. */
  readonly noted?: readonly (readonly [name: string, record: NotedRecord])[];
  /** Public keys that a person noted, hex. */
  readonly keys?: readonly string[];
}

/**
 * Every anchor there is: `head.key` and `heads/` beside the ledger, the head file, and what a person noted. Read them
 * before the chain: a running daemon appends meanwhile.
 */
export function readAnchors({ headFile, keys = [], ledgerPath, noted = [] }: AnchorPlaces): readonly Anchor[] {
  const folder = dirname(ledgerPath);
  const heads = join(folder, 'heads');
  const kept = existsSync(heads) ? readdirSync(heads).filter((name) => /^head-\d+\.json$/.test(name)) : [];
  return [
    ...readAnchor('head.key', () => readKey(join(folder, 'head.key'))),
    ...(headFile === null ? [] : readAnchor(headFile, () => toRecord(nameGenesis(readHeadFile(headFile))))),
    ...kept.flatMap((name) => readAnchor(`heads/${name}`, () => toRecord(readNotedFile(join(heads, name))))),
    ...noted.map(([name, record]): Anchor => ({ name, kind: 'record', noted: record })),
    ...keys.map((key): Anchor => ({ name: `--key ${shorten(key)}`, kind: 'key', key })),
  ];
}

type AnchorValue =
  | { readonly kind: 'record'; readonly noted: NotedRecord }
  | { readonly kind: 'key'; readonly key: string };

/** One that is not there is none; one that is there and cannot be read hides what it says. */
function readAnchor(name: string, read: () => AnchorValue | null): readonly Anchor[] {
  try {
    const value = read();
    return value === null ? [] : [{ name, ...value }];
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? [] : [{ name, kind: 'unreadable', why: messageOf(error) }];
  }
}

const readKey = (path: string): AnchorValue => ({
  kind: 'key',
  key: exportPublicKey(readPrivateKey(readFileSync(path, 'utf8'))),
});
/** A head file names the genesis by its id. */
const nameGenesis = (noted: NotedHead | null): NotedRecord | null => noted && { ...noted, genesis: noted.genesis_id };
const toRecord = (noted: NotedRecord | null): AnchorValue | null => noted && { kind: 'record', noted };

/** A file of `audit head` or a head file. @throws Error which says that it holds no head */
export function readNotedFile(path: string): NotedRecord & { readonly number: number | null } {
  const noted = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, unknown>> | null;
  const { genesis, genesis_id, hash, number, seq } = noted ?? {};
  if (!Number.isSafeInteger(seq) || typeof hash !== 'string')
    throw new Error(`${basename(path)} holds no head: it lacks seq and hash`);
  const named = genesis ?? genesis_id;
  return {
    seq: seq as number,
    hash,
    genesis: typeof named === 'string' ? named : null,
    number: typeof number === 'number' ? number : null,
  };
}

export interface Anchored {
  /** Every anchor by its name; `to_seq`: the record that it vouches for, null for a key. */
  readonly anchors: readonly { readonly name: string; readonly to_seq: number | null }[];
  /** Up to here an anchor, or a head by a key that is vouched for, reaches: later records are only chained. */
  readonly anchored_to_seq: number;
}
export type AnchorComparison = { readonly anchored: Anchored; readonly failed: VerifyFailure | null };

/** Of a chain that cannot be compared. */
export function nothingAnchored(anchors: readonly Anchor[]): Anchored {
  return { anchors: anchors.map(describeAnchor), anchored_to_seq: 0 };
}
const describeAnchor = (anchor: Anchor): Anchored['anchors'][number] => ({
  name: anchor.name,
  to_seq: anchor.kind === 'record' ? anchor.noted.seq : null,
});

interface Placed<T> {
  readonly seq: number;
  readonly payload: T;
}

/**
 * Compares a chain whose links and signatures hold with its anchors. A key is vouched for when an anchor holds it, when
 * its record is at or before one that an anchor confirms or that a head of such a key covers, or when such a key has
 * signed it.
 */
export function compareAnchors(ledger: LedgerReader, anchors: readonly Anchor[]): AnchorComparison {
  const keys = readPlaced<KeyEvent>(ledger, KEY_KIND);
  const heads = readPlaced<HeadEvent>(ledger, HEAD_KIND);
  const found = anchors.map((anchor) => findContradiction(ledger, anchor, keys));
  const confirmed = anchors.flatMap((anchor, at) => (found[at] === null ? [anchor] : []));
  const { reach, vouched } = spreadTrust(confirmed, keys, heads);
  const stranger = anchors.length === 0 ? undefined : heads.find(({ payload }) => !vouched.has(payload.key));
  return {
    anchored: { anchors: anchors.map(describeAnchor), anchored_to_seq: reach },
    failed: joinFailures([
      ...found,
      stranger === undefined
        ? null
        : failure(
            stranger.seq,
            'key',
            `head ${stranger.payload.number} is signed by the key ${shorten(stranger.payload.key)}, for which nobody vouches; --key names one that you noted`,
          ),
    ]),
  };
}

/** The keys that are vouched for, and the last record that these and the anchors reach. */
function spreadTrust(
  anchors: readonly Anchor[],
  keys: readonly Placed<KeyEvent>[],
  heads: readonly Placed<HeadEvent>[],
): { readonly reach: number; readonly vouched: ReadonlySet<string> } {
  const vouched = new Set(anchors.flatMap((anchor) => (anchor.kind === 'key' ? [anchor.key] : [])));
  let reach = Math.max(0, ...anchors.map((anchor) => (anchor.kind === 'record' ? anchor.noted.seq : 0)));
  // Each round reaches further, and there are at most as many as keys.
  for (let before = -1; before < vouched.size + reach; ) {
    before = vouched.size + reach;
    for (const { payload, seq } of keys) {
      const isHanded = payload.signature !== null && payload.previous !== null && vouched.has(payload.previous);
      if (isHanded || seq <= reach) vouched.add(payload.key);
    }
    reach = Math.max(reach, heads.findLast(({ payload }) => vouched.has(payload.key))?.payload.seq ?? 0);
  }
  return { reach, vouched };
}

function findContradiction(
  ledger: LedgerReader,
  anchor: Anchor,
  keys: readonly Placed<KeyEvent>[],
): VerifyFailure | null {
  const { name } = anchor;
  switch (anchor.kind) {
    case 'unreadable':
      return failure(null, 'head', `${name} cannot be read, so nobody knows whether it contradicts: ${anchor.why}`);
    case 'key': {
      if (keys.some(({ payload }) => payload.key === anchor.key)) return null;
      const named = keys.map(({ payload }) => shorten(payload.key)).join(', ');
      return failure(
        keys[0]?.seq ?? null,
        'key',
        `${name} contradicts the chain: it holds the key ${shorten(anchor.key)}, and the chain names ${named === '' ? 'none' : named}`,
      );
    }
    case 'record':
      return contradictRecord(ledger, name, anchor.noted);
  }
}

function contradictRecord(ledger: LedgerReader, name: string, noted: NotedRecord): VerifyFailure | null {
  const { hash, seq } = noted;
  switch (compareRecord(noted, ledger)) {
    case 'contained':
      return null;
    case 'other':
      return failure(1, 'head', `${name} contradicts the chain: it was noted of another ledger, ${noted.genesis}`);
    case 'behind': {
      const held = ledger.readEvent(seq);
      return held === null
        ? failure(ledger.lastSeq() + 1, 'head', `the chain ends before record ${seq}, which ${name} notes`)
        : failure(
            seq,
            'head',
            `${name} contradicts the chain: record ${seq} is not the one that was noted; its hash is ${held.hash}, noted was ${hash}`,
          );
    }
  }
}

/** The earliest, which also says what else contradicts. */
function joinFailures(failures: readonly (VerifyFailure | null)[]): VerifyFailure | null {
  const [first, ...others] = failures
    .filter((failed) => failed !== null)
    .toSorted((a, b) => (a.seq ?? Number.POSITIVE_INFINITY) - (b.seq ?? Number.POSITIVE_INFINITY));
  if (first === undefined) return null;
  return { ...first, detail: [first.detail, ...others.map(({ detail }) => detail)].join('; ') };
}

function readPlaced<T>(ledger: LedgerReader, kind: string): readonly Placed<T>[] {
  return [...ledger.iterateEvents({ kind })].map(({ payload, seq }) => ({ payload: payload as T, seq }));
}

const shorten = (key: string): string => key.slice(0, 16);
