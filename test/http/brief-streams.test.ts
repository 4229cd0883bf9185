import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, test } from 'node:test';
import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import pino from 'pino';
import { BriefEventStreams, MAX_LISTED, NEWEST_LISTED } from '../../daemon/http/streams/brief-streams.ts';
import type { StreamedEvent } from '../../daemon/http/streams/event-stream.ts';
import { RecordTally } from '../../daemon/http/streams/record-tally.ts';
import { forAll } from '../for-all.ts';
import { decisionBody } from './fake-gate.ts';
import { createTestEvents } from './http-kit.ts';

const AGENTS = ['momentum', 'carry', '__proto__'];
const OUTCOMES = ['ALLOW', 'LIMIT', 'BLOCK'] as const;

/** Every fourth record is no decision. */
function makeRecord(seq: number): StreamedEvent {
  if (seq % 4 === 0) return { seq, at_ms: seq, kind: 'account', payload: { equity_usdt: 1_000 } };
  const decision = OUTCOMES[seq % 3] ?? 'ALLOW';
  const reason = { code: 'BUDGET_NOTIONAL', message: 'm', hint: 'h', limit: 1, observed: 2, unit: 'USDT' } as const;
  const reported = decisionBody({
    agent: AGENTS[seq % AGENTS.length] ?? '',
    decision,
    decision_id: `dec_${seq}`,
    // Twice in one decision: it counts once.
    reasons: (decision === 'ALLOW' ? [] : [reason, reason]) as never,
    seq,
  });
  return { seq, at_ms: seq, kind: 'decision', payload: { decision: reported, context: { much: 'x'.repeat(2_000) } } };
}

interface Message {
  readonly seq: number;
  readonly kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: payloads of every shape
  readonly payload: any;
}
/** A client whose socket takes more only while it reads. */
class FakeResponse extends EventEmitter {
  readonly messages: Message[] = [];
  isReading = true;
  isOver = false;
  bytes = 0;
  readonly #parser = createParser({ onEvent: ({ data }) => this.messages.push(JSON.parse(data)) });
  writeHead(): void {}
  write(text: string): boolean {
    this.bytes += text.length;
    this.#parser.feed(text);
    return this.isReading;
  }
  end(): void {
    this.isOver = true;
    this.emit('close');
  }
  destroy(): void {
    this.end();
  }
}

const open = new Set<FakeResponse>();
// A reader that is left open beats on.
afterEach(() => {
  for (const response of open) response.end();
  open.clear();
});

function createSite() {
  const events = createTestEvents();
  const timers: { readonly atMs: number; readonly fn: () => void; isOver: boolean }[] = [];
  const site = { nowMs: 0, seq: 0, mayContinue: true };
  const streams = new BriefEventStreams({
    source: events,
    logger: pino({ level: 'silent' }, { write: () => undefined }),
    after: (ms, fn) => {
      const timer = { atMs: site.nowMs + ms, fn, isOver: false };
      timers.push(timer);
      return {
        cancel: () => {
          timer.isOver = true;
        },
      };
    },
    nowMs: () => site.nowMs,
    others: () => 0,
  });
  const pending = () => timers.filter(({ isOver }) => !isOver);
  return {
    ...{ events, pending, site, streams },
    open: (afterSeq = site.seq) => {
      const response = new FakeResponse();
      open.add(response);
      streams.open(response as unknown as ServerResponse, afterSeq, () => site.mayContinue);
      return response;
    },
    append: (count: number) => {
      const records = Array.from({ length: count }, (_, i) => makeRecord(site.seq + i + 1));
      site.seq += count;
      if (count > 0) events.append(...records);
    },
    pass: (ms: number) => {
      const untilMs = site.nowMs + ms;
      for (;;) {
        const [next] = pending()
          .filter(({ atMs }) => atMs <= untilMs)
          .sort((a, b) => a.atMs - b.atMs);
        if (next === undefined) break;
        site.nowMs = Math.max(site.nowMs, next.atMs);
        next.isOver = true;
        next.fn();
      }
      site.nowMs = untilMs;
    },
  };
}

test('few records come one by one: of a decision what a list shows, of others that they were [TF-93]', () => {
  const site = createSite();
  const reader = site.open();
  site.append(4);
  site.pass(0);
  assert.deepEqual(
    reader.messages.map(({ kind, seq }) => [seq, kind]),
    [
      [1, 'decision'],
      [2, 'decision'],
      [3, 'decision'],
      [4, 'account'],
    ],
  );
  const { decision } = reader.messages[0]?.payload ?? {};
  assert.deepEqual(Object.keys(decision).sort(), [
    ...['agent', 'at_ms', 'bound_by', 'decision', 'decision_id', 'effective'],
    ...['kind', 'reasons', 'seq', 'symbol', 'tool'],
  ]);
  assert.equal(reader.messages[3]?.payload, null);
  reader.end();
});

test('of more than anybody reads it says what there was, and lists the newest', () => {
  const site = createSite();
  const reader = site.open();
  site.append(1_000);
  site.pass(0);
  const [skipped, ...listed] = reader.messages;
  assert.equal(skipped?.kind, 'skipped');
  assert.equal(skipped?.seq, 1_000 - NEWEST_LISTED, 'a reader that resumes here misses nothing');
  const to = 1_000 - NEWEST_LISTED;
  const decisions = Array.from({ length: to }, (_, i) => i + 1).filter((seq) => seq % 4 !== 0);
  const count = (isIt: (seq: number) => boolean) => decisions.filter(isIt).length;
  assert.deepEqual(skipped?.payload, {
    from_seq: 1,
    to_seq: to,
    kinds: { decision: decisions.length, account: to - decisions.length },
    decisions: {
      count: decisions.length,
      by_outcome: {
        LIMIT: count((seq) => seq % 3 === 1),
        BLOCK: count((seq) => seq % 3 === 2),
        ALLOW: count((seq) => seq % 3 === 0),
      },
      by_agent: JSON.parse(
        `{"carry":${count((seq) => seq % 3 === 1)},"__proto__":${count((seq) => seq % 3 === 2)},"momentum":${count((seq) => seq % 3 === 0)}}`,
      ),
      by_reason: { BUDGET_NOTIONAL: count((seq) => seq % 3 !== 0) },
    },
  });
  assert.deepEqual(
    listed.map(({ seq }) => seq),
    Array.from({ length: NEWEST_LISTED }, (_, i) => to + i + 1),
  );
  assert.ok(reader.bytes < 60_000, `${reader.bytes} characters`);
  reader.end();
});

test('what the ledger records by itself comes in its place', () => {
  const site = createSite();
  const reader = site.open();
  site.append(1);
  site.events.append({ seq: 2, at_ms: 2, kind: 'token', payload: { name: 'x' } });
  site.site.seq = 2;
  site.append(1);
  site.pass(0);
  assert.deepEqual(
    reader.messages.map(({ kind, payload, seq }) => [seq, kind, payload === null]),
    [
      [1, 'decision', false],
      [2, 'token', true],
      [3, 'decision', false],
    ],
  );
});

test('a flood is told once for three readers, once a second, and no record of it is held', () => {
  const site = createSite();
  const readers = [site.open(), site.open(), site.open()];
  for (let step = 0; step < 100; step += 1) {
    site.append(60);
    site.pass(10);
  }
  const { reads, reported } = site.events;
  // The first page has what came at once, and the next one follows within the second. The newest are read, once for all.
  assert.deepEqual([reported, reads], [60, 1], 'told and read in a second of 6,000 records');
  site.pass(1_000);
  for (const { bytes, messages } of readers) {
    assert.equal(messages.at(-1)?.seq, 6_000);
    assert.equal(bytes, readers[0]?.bytes);
  }
  for (const reader of readers) reader.end();
});

/** Kind, agent, outcome and reasons vary each for itself. */
function makeVaried(seq: number): StreamedEvent {
  if (seq % 7 === 0) return { seq, at_ms: seq, kind: 'account', payload: {} };
  const codes = [[], ['RATE_LIMIT'], ['BUDGET_NOTIONAL', 'RATE_LIMIT']][Math.floor(seq / 9) % 3] ?? [];
  const agent = AGENTS[Math.floor(seq / 3) % 3] ?? '';
  const decision = OUTCOMES[seq % 3] ?? 'ALLOW';
  const reasons = codes.map((code) => ({ code })) as never;
  return { seq, at_ms: seq, kind: 'decision', payload: { decision: decisionBody({ agent, decision, reasons, seq }) } };
}

test('what is counted: all that came in a range, however much, and nothing of what lies before it', () => {
  const tally = new RecordTally(0, MAX_LISTED);
  const note = (from: number, to: number): void => {
    for (let seq = from; seq <= to; seq += 1) tally.note(makeVaried(seq));
  };
  const assertCounts = (after: number, to: number): void => {
    const counts = new Map<string, number>();
    for (let seq = after + 1; seq <= to; seq += 1) {
      const { kind, payload } = makeVaried(seq);
      const { decision } = payload as { decision?: ReturnType<typeof decisionBody> };
      const codes = decision?.reasons.map(({ code }) => code) ?? [];
      const names = [decision?.agent, decision?.decision, ...codes];
      for (const name of [kind, ...names]) if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const { decisions, kinds } = tally.sum(after, to);
    const reported = [kinds, decisions?.by_agent, decisions?.by_outcome, decisions?.by_reason];
    assert.deepEqual(new Map(reported.flatMap((each) => Object.entries(each ?? {}))), counts);
    assert.equal(decisions?.count, kinds?.decision);
  };
  note(1, 5_000);
  assert.equal(tally.list(4_999, 5_000), null, 'none of a flood is held');
  assertCounts(0, 5_000);
  assertCounts(12, 40);
  // What was noted and is not on disk yet belongs to the next page.
  note(5_001, 5_100);
  tally.forget(5_000);
  note(5_101, 9_000);
  assertCounts(5_000, 9_000);
  assertCounts(5_000, 5_050);
  assert.equal(tally.sum(4_999, 9_000).kinds, null);
  tally.forget(9_000);
  note(9_001, 9_020);
  assert.deepEqual(
    tally.list(9_010, 9_020)?.map(({ seq }) => seq),
    Array.from({ length: 10 }, (_, i) => 9_011 + i),
  );
  assertCounts(9_000, 9_020);
});

test('nobody looks: nothing is followed, read or waited for', () => {
  const site = createSite();
  site.append(500);
  assert.deepEqual([site.events.listenerCount, site.events.followerCount, site.events.reads], [0, 0, 0]);
  const reader = site.open();
  assert.deepEqual([site.events.listenerCount, site.events.followerCount], [1, 1]);
  site.append(500);
  reader.end();
  assert.deepEqual([site.events.listenerCount, site.events.followerCount], [0, 0]);
  assert.deepEqual(site.pending(), []);
});

test('a reader whose token was revoked is told nothing more', () => {
  const site = createSite();
  const reader = site.open();
  site.append(3);
  site.site.mayContinue = false;
  site.pass(1_000);
  assert.deepEqual([reader.isOver, reader.messages.length], [true, 0]);
});

test('whoever comes, waits, leaves and resumes: every record once, listed or counted, in order', () => {
  const steps = fc.array(
    fc.record({
      grow: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 700 })),
      ms: fc.integer({ min: 0, max: 400 }),
      reader: fc.integer({ min: 0, max: 2 }),
      act: fc.constantFrom('nothing', 'pause', 'read', 'resume'),
    }),
    { maxLength: 40 },
  );
  let [withCounts, without] = [0, 0];
  forAll([steps], { numRuns: 150, seed: 15 }, (played) => {
    const site = createSite();
    const readers = [0, 1, 2].map(() => ({ response: site.open(0), covered: 0 }));
    const settle = (reader: (typeof readers)[number]): void => {
      for (const { kind, payload, seq } of reader.response.messages.splice(0)) {
        if (kind !== 'skipped') {
          assert.equal(seq, reader.covered + 1);
        } else {
          assert.deepEqual([payload.from_seq, payload.to_seq], [reader.covered + 1, seq]);
          const records = seq - reader.covered;
          assert.ok(records > MAX_LISTED - NEWEST_LISTED);
          if (payload.kinds === null) without += 1;
          else {
            withCounts += 1;
            const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0);
            assert.equal(sum(payload.kinds), records);
            assert.equal(sum(payload.decisions.by_outcome), payload.kinds.decision ?? 0);
            assert.equal(sum(payload.decisions.by_agent), payload.decisions.count);
          }
        }
        reader.covered = seq;
      }
    };
    for (const { act, grow, ms, reader: index } of played) {
      const reader = readers[index]!;
      site.append(grow);
      if (act === 'pause') reader.response.isReading = false;
      if (act === 'read') {
        reader.response.isReading = true;
        reader.response.emit('drain');
      }
      if (act === 'resume') {
        settle(reader);
        reader.response.end();
        reader.response = site.open(reader.covered);
      }
      site.pass(ms);
      for (const each of readers) settle(each);
    }
    for (const { response } of readers) {
      response.isReading = true;
      response.emit('drain');
    }
    site.pass(1_000);
    for (const reader of readers) {
      settle(reader);
      assert.equal(reader.covered, site.site.seq);
      reader.response.end();
    }
  });
  assert.ok(withCounts > 50 && without > 10, `${withCounts} with counts, ${without} without`);
});
