import { batch, computed, signal } from '@preact/signals';
import type { AgentsBody } from '../../contract/types/accounts.ts';
import type { LimitsBody } from '../../contract/types/limits.ts';
import type { ReadinessBody, SignalsBody, TradingStateBody } from '../../contract/types/operator.ts';
import type { PasskeysBody } from '../../contract/types/passkeys.ts';
import type { PolicyBody } from '../../contract/types/policy.ts';
import type {
  AccountBody,
  AlertsBody,
  EquityHistoryBody,
  EquitySpan,
  MarketBody,
  OrderBody,
  PositionBody,
} from '../../contract/types/reads.ts';
import type { ListedDecision, SkippedRecords } from '../../contract/types/stream.ts';
import type { TokensBody } from '../../contract/types/tokens.ts';
import type { ApprovalsBody } from '../../engine/records/approvals.ts';
import { forgetLedgerTime, ledgerNowMs, noteLedgerTime, nowMs } from '../session/clock.ts';
import { checkContact, lostSinceMs, noteContact } from '../session/contact.ts';
import { isRemote } from '../session/place.ts';
import { doubt, isForeign, look, OVER, remember, requireProven, session, signOut } from '../session/session.ts';
import {
  addLive,
  addOlder,
  addPage,
  addSkipped,
  type DecisionPage,
  fillGap,
  forgetReported,
  isAtEnd,
  justSkipped,
  resetDecisions,
} from './decisions.ts';
import { addEquity, equitySpan, resetEquity, setHistory } from './equity.ts';
import type { Gap } from './gaps.ts';
import { forgetAnswers, read, show, showAnswer } from './reading.ts';
import { followLedger, type LedgerRecord } from './stream.ts';
import { EVERY_MS, TOPICS_OF, type Topic } from './topics.ts';

/** What the page shows: every signal is the last answer of one route; null until there is one. */
export const readiness = signal<ReadinessBody | null>(null);
export const tradingState = signal<TradingStateBody | null>(null);
export const account = signal<AccountBody | null>(null);
export const agents = signal<AgentsBody | null>(null);
export const limits = signal<LimitsBody | null>(null);
export const markets = signal<readonly MarketBody[] | null>(null);
export const positions = signal<readonly PositionBody[] | null>(null);
export const orders = signal<readonly OrderBody[] | null>(null);
export const signals = signal<SignalsBody['signals'] | null>(null);
export const alerts = signal<AlertsBody['alerts'] | null>(null);
export const approvals = signal<ApprovalsBody['approvals'] | null>(null);
export const policy = signal<PolicyBody | null>(null);
export const passkeys = signal<PasskeysBody | null>(null);
export const tokens = signal<TokensBody['tokens'] | null>(null);
export const connection = signal<'connecting' | 'live' | 'reconnecting'>('connecting');
/** The trading state of the account as far as it is known now. */
export const stateWord = computed(() =>
  isForeign.value || lostSinceMs.value !== null ? 'unknown' : (tradingState.value?.state ?? 'connecting'),
);
/** Orders that wait for a person, the first to expire first, and for how long they still do. */
export const waitingApprovals = computed(() =>
  (approvals.value ?? [])
    .filter(({ status }) => status === 'pending')
    .map((approval) => ({ approval, leftMs: leftOf(approval.expires_at_ms, nowMs.value) }))
    .sort((a, b) => a.leftMs - b.leftMs),
);
/** By the ledger's clock, which is read anew with each second of ours. */
function leftOf(expiresAtMs: number, secondMs: number): number {
  return Math.max(0, expiresAtMs - (ledgerNowMs() ?? secondMs));
}
/** What was last refused or failed while reading, for the status line. */
export const readFault = signal<string | null>(null);

/** As many as are in sight at the top of the list, and some more. */
const NEWEST = 50;

const same = <T>(body: T): T => body;
const READERS: Readonly<Record<Topic, () => Promise<void>>> = {
  account: () =>
    read<AccountBody, AccountBody>('/v1/account', account, (body) => {
      const { equity_usdt: equity, observed_at_ms: atMs } = body;
      if (typeof equity === 'number' && typeof atMs === 'number') addEquity(atMs, equity);
      return body;
    }),
  agents: () => read<AgentsBody, AgentsBody>('/v1/agents', agents, same),
  alerts: () => read<AlertsBody['alerts'], AlertsBody>('/v1/alerts?limit=100', alerts, (body) => body.alerts),
  approvals: () =>
    read<ApprovalsBody['approvals'], ApprovalsBody>('/v1/approvals', approvals, (body) => body.approvals),
  // What a stream that was cut off has not shown.
  decisions: async () => addPage(await look<DecisionPage>(`/v1/decisions?limit=${NEWEST}`)),
  history: async () => {
    const span = equitySpan.peek();
    const reported = await look<EquityHistoryBody>(`/v1/account/history?span=${span}`);
    if (span === equitySpan.peek()) setHistory(reported);
    else markDirty('history');
  },
  limits: async () => {
    await read<LimitsBody, LimitsBody>('/v1/limits', limits, same);
    if (limits.value !== null) noteLedgerTime(limits.value.at_ms);
  },
  market: () =>
    read<readonly MarketBody[], { markets: readonly MarketBody[] }>('/v1/market', markets, (body) => body.markets),
  orders: () =>
    read<readonly OrderBody[], { orders: readonly OrderBody[] }>(
      '/v1/orders?open=true&limit=500',
      orders,
      (body) => body.orders,
    ),
  passkeys: () =>
    read<PasskeysBody, PasskeysBody>('/v1/passkeys', passkeys, (body) => {
      remember(body.passkeys);
      return body;
    }),
  policy: () => read<PolicyBody, PolicyBody>('/v1/policy', policy, same),
  positions: () =>
    read<readonly PositionBody[], { positions: readonly PositionBody[] }>(
      '/v1/positions',
      positions,
      (body) => body.positions,
    ),
  readiness: async () => {
    // 503 while not ready: the body says what is missing all the same.
    const { session: bearer } = await requireProven();
    const answer = await (
      await fetch('/readyz', { headers: { authorization: `Bearer ${bearer}` }, cache: 'no-store', credentials: 'omit' })
    ).text();
    showAnswer<ReadinessBody, ReadinessBody>('/readyz', answer, readiness, same);
  },
  signals: () => read<SignalsBody['signals'], SignalsBody>('/v1/signals', signals, (body) => body.signals),
  state: async () => {
    await read<TradingStateBody, TradingStateBody>('/v1/trading-state', tradingState, same);
    if (lostSinceMs.peek() !== null) markDirty(...TOPICS);
    noteContact();
  },
  tokens: async () => {
    if (!isRemote()) await read<TokensBody['tokens'], TokensBody>('/v1/tokens', tokens, (body) => body.tokens);
  },
};
/** However many records come: the least time between two reads of one topic. */
const AT_MOST_EVERY_MS = 600;
/** The same while more is decided than anybody reads, but for what must be seen at once. */
const FLOODED_EVERY_MS = 4_000;
const URGENT: ReadonlySet<Topic> = new Set(['alerts', 'approvals', 'state']);
const TICK_MS = 200;
/** In a flood it comes with each second's count, so that a page is laid out and painted once for both; else after so long. */
const FLOODED_TICK_MS = 1_500;
/** A page that nobody sees reads so much more seldom, but for what its title says. */
const HIDDEN_FACTOR = 10;

const TOPICS = Object.keys(READERS) as Topic[];
const dirty = new Set<Topic>();
const readAtMs = new Map<Topic, number>();
const reading = new Set<Topic>();

export function markDirty(...topics: readonly Topic[]): void {
  for (const topic of topics) dirty.add(topic);
}

let tickedAtMs = Number.NEGATIVE_INFINITY;
function tick(isReported = false): void {
  checkContact();
  const now = performance.now();
  const isFlooded = justSkipped.value > 0;
  if (isFlooded && !isReported && now - tickedAtMs < FLOODED_TICK_MS) return;
  tickedAtMs = now;
  for (const topic of TOPICS) {
    if (reading.has(topic)) continue;
    const factor = document.hidden && !URGENT.has(topic) ? HIDDEN_FACTOR : 1;
    const age = now - (readAtMs.get(topic) ?? Number.NEGATIVE_INFINITY);
    const atMostEveryMs = isFlooded && !URGENT.has(topic) ? FLOODED_EVERY_MS : AT_MOST_EVERY_MS;
    const everyMs = Math.max(dirty.has(topic) ? 0 : EVERY_MS[topic], atMostEveryMs);
    const due = age >= everyMs * factor;
    if (due) void readTopic(topic, now);
  }
}

async function readTopic(topic: Topic, now: number): Promise<void> {
  reading.add(topic);
  dirty.delete(topic);
  readAtMs.set(topic, now);
  try {
    await READERS[topic]();
    readFault.value = null;
  } catch (error) {
    readFault.value = error instanceof Error ? error.message : 'A read failed.';
  } finally {
    reading.delete(topic);
  }
}

function onRecord(record: LedgerRecord): void {
  if (record.kind === 'skipped') {
    onSkipped(record.payload as SkippedRecords, record.at_ms);
    return;
  }
  markDirty(...(TOPICS_OF[record.kind] ?? []));
  const { decision } = (record.payload ?? {}) as { readonly decision?: ListedDecision };
  if (decision !== undefined) show(() => addLive(decision));
}

function onSkipped(skipped: SkippedRecords, atMs: number): void {
  const { kinds } = skipped;
  if (kinds === null) markDirty(...TOPICS);
  else for (const kind of Object.keys(kinds)) markDirty(...(TOPICS_OF[kind] ?? []));
  show(() => {
    addSkipped(skipped, atMs);
    nowMs.value = Date.now();
  });
  tick(true);
}

const OLDER_PAGE = 200;
/** Reads decisions before those that are known, up to what the page keeps. */
export async function readOlder(): Promise<void> {
  if (isAtEnd()) return;
  await addOlder((cursor) =>
    look<DecisionPage>(`/v1/decisions?limit=${OLDER_PAGE}${cursor === null ? '' : `&cursor=${cursor}`}`),
  );
}

/** Reads the newest decisions of those that were only counted. */
export async function readGap(gap: Gap): Promise<void> {
  await fillGap(gap, (before) => look<DecisionPage>(`/v1/decisions?limit=${OLDER_PAGE}&cursor=${before}`));
}

export function showEquityOf(span: EquitySpan): void {
  equitySpan.value = span;
  markDirty('history');
}

/** Begins to read for a session; the answer ends it and forgets what was read. */
export function startReading(): () => void {
  const bearer = session.value?.session ?? '';
  for (const topic of TOPICS) markDirty(topic);
  readAtMs.clear();
  noteContact();
  const stopStream = followLedger(bearer, {
    onRecord,
    prove: requireProven,
    onState: (state) => {
      // Whoever listens here now may be somebody else.
      if (state === 'reconnecting') {
        doubt();
        checkContact(true);
      }
      // What happened in between came as records; what has none is read anew.
      if (state === 'live' && connection.value !== 'live') {
        markDirty(...TOPICS);
      }
      connection.value = state;
    },
    onRefused: () => signOut(OVER),
  });
  void readOlder().catch(() => undefined);
  const ticking = setInterval(() => tick(), TICK_MS);
  const clock = setInterval(() => {
    forgetReported();
    if (justSkipped.value === 0) nowMs.value = Date.now();
    if (Date.now() >= (session.value?.expires_at_ms ?? 0)) signOut('Eight hours are over.');
  }, 1_000);
  tick();
  return () => {
    stopStream();
    clearInterval(ticking);
    clearInterval(clock);
    batch(() => {
      for (const each of [
        readiness,
        tradingState,
        account,
        agents,
        limits,
        markets,
        positions,
        orders,
        signals,
        alerts,
        approvals,
        policy,
        passkeys,
        tokens,
      ])
        each.value = null;
      forgetAnswers();
      forgetLedgerTime();
      noteContact();
      connection.value = 'connecting';
      resetDecisions();
      resetEquity();
    });
  };
}
