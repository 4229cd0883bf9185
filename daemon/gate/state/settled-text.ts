// biome-ignore-all lint/style/noExcessiveLinesPerFile: one form: what is written is read here
import type { Allotment, ExitTarget } from './exit-target.ts';
import type { OrderState } from './order.ts';

/** The orders of a decision, all of them ended, and the target of its exit. Foreign orders stand alone. */
export interface SettledGroup {
  readonly decisionId: string | null;
  readonly orders: readonly OrderState[];
  readonly target: ExitTarget | null;
}

/** Texts that many rows share, by number: what does not tell two orders of one agent and symbol apart. */
export interface SharedTexts {
  /** A new one is added. */
  numberOf(text: string): number;
  textOf(number: number): string;
}

/** Members of an order as they stand in it. */
const MEMBERS = [
  'clientOrderId',
  'decisionId',
  'agent',
  'origin',
  'symbol',
  'side',
  'orderType',
  'timeInForce',
  'kind',
  'slice',
  'leverage',
  'reduceOnly',
  'protective',
  'foreign',
  'triggerTicks',
  'plannedAtMs',
  'dueAtMs',
  'slippageBps',
  'midAtDecision',
  'tokenSkillSha256',
  'claimedSkillSha256',
  'approvedTicks',
  'policyHash',
  'endsAtMs',
  'lapsesAtMs',
  'endsBy',
  'words',
  'lots',
  'priceTicks',
  'executedLots',
  'status',
  'venueOrderId',
  'averagePrice',
  'detail',
  'retryable',
  'sentAtMs',
  'acknowledgedAtMs',
  'cancelRequested',
  'cancelRefusal',
  'amend',
  'amendSeq',
  'amendSentByMs',
  'shownSeq',
  'endedSeq',
  'isEndShown',
  'endedBy',
  'sentByMs',
  'updatedAtMs',
  'tradedLots',
  'tradedUsdt',
  'untoldUsdt',
  'untoldAtMs',
  'tradedFeesUsdt',
  'realisedPnlUsdt',
  'feesUsdt',
] as const satisfies readonly (keyof OrderState)[];
type Member = (typeof MEMBERS)[number];
true satisfies Exclude<keyof OrderState, Member> extends never ? true : never;

/** What orders have in common. */
const SHARED: readonly Member[] = [
  'agent',
  'origin',
  'symbol',
  'side',
  'orderType',
  'timeInForce',
  'kind',
  'reduceOnly',
  'protective',
  'foreign',
  'tokenSkillSha256',
  'policyHash',
  'endsBy',
  'words',
  'status',
  'retryable',
  'cancelRequested',
  'isEndShown',
  'endedBy',
];
/** Told by how much they are later than `plannedAtMs`. */
const LATER: ReadonlySet<Member> = new Set([
  'dueAtMs',
  'endsAtMs',
  'lapsesAtMs',
  'sentAtMs',
  'acknowledgedAtMs',
  'updatedAtMs',
  'untoldAtMs',
]);
/** What mostly equals another member: told once then. */
const LIKE = new Map<Member, Member>([
  ['executedLots', 'lots'],
  ['tradedLots', 'lots'],
  ['feesUsdt', 'tradedFeesUsdt'],
  ['lapsesAtMs', 'endsAtMs'],
]);
/** What each has for itself; the decision is that of the group. */
const OWN: readonly Member[] = MEMBERS.filter((member) => member !== 'decisionId' && !SHARED.includes(member));
const EMPTY: Readonly<Record<Member, null>> = Object.freeze(
  Object.fromEntries(MEMBERS.map((member) => [member, null])) as Record<Member, null>,
);

type Cell = string | number | boolean | null;
type Values = Record<Member, Cell>;
type TargetRow = readonly [
  shared: number,
  seq: number,
  openedLater: number,
  first: number,
  parts: readonly (readonly [order: number, lots: number, filledLots: number])[],
  askedLots: number,
  leftLots: number,
  roomLots: number,
  disputedLots: number,
  filledLots: number,
  rung: number,
  endDetail: string,
  endAtMs: number,
];
type GroupRow = readonly [decisionId: string | null, orders: readonly (readonly Cell[])[], target: TargetRow | null];

/** A group as one short text; null: it could not be read back bit by bit. The text of its target is shared first. */
export function writeGroup(group: SettledGroup, shared: SharedTexts): string | null {
  const { decisionId, orders, target } = group;
  const written = target === null ? null : writeTarget(target, orders, shared);
  const row: GroupRow = [decisionId, orders.map((order) => writeOrder(order, shared)), written];
  const text = JSON.stringify(row);
  // INVARIANT: nothing is given away that does not come back the same, whatever a record held.
  return isSame(readGroup(text, shared), group) ? text : null;
}

export function readGroup(text: string, shared: SharedTexts): SettledGroup {
  const [decisionId, rows, written] = JSON.parse(text) as GroupRow;
  const orders = rows.map((row) => readOrder(row, decisionId, shared));
  return {
    decisionId,
    orders,
    target: written === null ? null : readTarget(written, decisionId ?? '', orders, shared),
  };
}

function writeOrder(order: OrderState, shared: SharedTexts): Cell[] {
  const values = order as unknown as Values;
  const row: Cell[] = [0];
  // Which of its own members are null, or equal to another, is common, too.
  const absent: number[] = [];
  const likes: number[] = [];
  for (const [i, member] of OWN.entries()) {
    const value = values[member];
    const like = LIKE.get(member);
    if (value === null) absent.push(i);
    else if (like !== undefined && Object.is(value, values[like])) likes.push(i);
    else row.push(LATER.has(member) ? (value as number) - order.plannedAtMs : value);
  }
  row[0] = shared.numberOf(JSON.stringify([SHARED.map((member) => values[member]), absent, likes] satisfies Common));
  return row;
}

/** Whose orders have a shared text, and in what. */
export type Named = Pick<OrderState, 'agent' | 'symbol'>;
/** What orders share is told apart from what targets do by its first member. */
export function isOfOrder(shared: string): boolean {
  return shared.startsWith('[[');
}
export function nameIn(shared: string): Named {
  const [values] = JSON.parse(shared) as Common;
  return { agent: values[SHARED.indexOf('agent')] as string | null, symbol: String(values[SHARED.indexOf('symbol')]) };
}
/** Numbers of the shared texts of a group. */
export function numbersIn(text: string): readonly number[] {
  const [, orders, target] = JSON.parse(text) as GroupRow;
  const numbers = orders.map(([shared]) => shared as number);
  return target === null ? numbers : [...numbers, target[0]];
}

type Common = readonly [values: readonly Cell[], absent: readonly number[], likes: readonly number[]];
function readOrder(row: readonly Cell[], decisionId: string | null, shared: SharedTexts): OrderState {
  const [values, absent, likes] = JSON.parse(shared.textOf(row[0] as number)) as Common;
  const order: Values = { ...EMPTY };
  order.decisionId = decisionId;
  for (let i = 0; i < SHARED.length; i += 1) order[SHARED[i]!] = values[i]!;
  let at = 1;
  for (let i = 0, gap = 0, like = 0; i < OWN.length; i += 1) {
    if (absent[gap] === i) gap += 1;
    else if (likes[like] === i) like += 1;
    else {
      order[OWN[i]!] = row[at]!;
      at += 1;
    }
  }
  for (const i of likes) order[OWN[i]!] = order[LIKE.get(OWN[i]!)!];
  for (const member of LATER)
    if (order[member] !== null) order[member] = (order[member] as number) + (order.plannedAtMs as number);
  return order as unknown as OrderState;
}

function writeTarget(target: ExitTarget, orders: readonly OrderState[], shared: SharedTexts): TargetRow {
  const { agent, cause, end, hasGrown, isOfAll, isWhole, key, openedAtMs, origin, scope, side, symbol } = target;
  const common = [agent, origin, cause, symbol, side, key, scope, isWhole, isOfAll, hasGrown, end?.reason ?? null];
  return [
    shared.numberOf(JSON.stringify(common)),
    target.seq,
    openedAtMs - target.first.plannedAtMs,
    orders.indexOf(target.first),
    target.allotments.map(({ filledLots, lots, order }) => [orders.indexOf(order), lots, filledLots] as const),
    target.askedLots,
    target.leftLots,
    target.roomLots,
    target.disputedLots,
    target.filledLots,
    target.rung,
    end?.detail ?? '',
    (end?.atMs ?? openedAtMs) - openedAtMs,
  ];
}

function readTarget(
  row: TargetRow,
  decisionId: string,
  orders: readonly OrderState[],
  shared: SharedTexts,
): ExitTarget | null {
  const [common, seq, openedLater, first, parts, askedLots, leftLots, roomLots, disputedLots, filledLots, rung] = row;
  const [agent, origin, cause, symbol, side, key, scope, isWhole, isOfAll, hasGrown, reason] = JSON.parse(
    shared.textOf(common),
  );
  const sent = orders[first];
  const allotments = parts.flatMap(([at, lots, filled]): Allotment[] => {
    const order = orders[at];
    return order === undefined ? [] : [{ order, lots, filledLots: filled }];
  });
  if (sent === undefined) return null;
  const openedAtMs = openedLater + sent.plannedAtMs;
  return {
    decisionId,
    seq,
    agent,
    origin,
    cause,
    symbol,
    side,
    key,
    scope,
    isWhole,
    isOfAll,
    openedAtMs,
    first: sent,
    openings: null,
    younger: null,
    gaveWay: null,
    hasGrown,
    allotments,
    askedLots,
    leftLots,
    roomLots,
    disputedLots,
    readAtMs: null,
    filledLots,
    rung,
    end: { reason, detail: row[11], atMs: row[12] + openedAtMs },
  };
}

/** Member by member, in the order in which they stand, with the bits of numbers. */
function isSame(read: SettledGroup, group: SettledGroup): boolean {
  if (read.decisionId !== group.decisionId) return false;
  if (!group.orders.every((order, i) => isSameObject(read.orders[i]!, order))) return false;
  if (group.target === null || read.target === null) return group.target === read.target;
  const { allotments, end, first, ...rest } = group.target;
  const { allotments: parts, end: readEnd, first: readFirst, ...readRest } = read.target;
  const place = (order: OrderState): number => group.orders.indexOf(order);
  return (
    Object.keys(group.target).join() === Object.keys(read.target).join() &&
    isSameObject(readRest, rest) &&
    isSameObject(readEnd ?? {}, end ?? {}) &&
    read.orders.indexOf(readFirst) === place(first) &&
    parts.length === allotments.length &&
    parts.every(({ filledLots, lots, order }, i) => {
      const other = allotments[i]!;
      const isOfSame = read.orders.indexOf(order) === place(other.order);
      return isOfSame && Object.is(lots, other.lots) && Object.is(filledLots, other.filledLots);
    })
  );
}

function isSameObject(read: object, one: object): boolean {
  const keys = Object.keys(one);
  const readKeys = Object.keys(read);
  return (
    keys.length === readKeys.length &&
    keys.every((key, i) => {
      const mine = (one as Record<string, unknown>)[key];
      return readKeys[i] === key && Object.is((read as Record<string, unknown>)[key], mine);
    })
  );
}
