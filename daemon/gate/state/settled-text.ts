// biome-ignore-all lint/style/noExcessiveLinesPerFile: one form: what is written is read here
import type { Claim } from './claim.ts';
import type { OrderState } from './order.ts';

/** The orders of a decision, all of them ended, and the claim that they worked for. Foreign orders stand alone. */
export interface SettledGroup {
  readonly decisionId: string | null;
  readonly orders: readonly OrderState[];
  readonly claim: Claim | null;
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
  'triggerE8',
  'plannedAtMs',
  'dueAtMs',
  'slippageBps',
  'midAtDecision',
  'tokenSkillSha256',
  'claimedSkillSha256',
  'approvedE8',
  'policyHash',
  'endsAtMs',
  'lapsesAtMs',
  'endsBy',
  'words',
  'quantityE8',
  'priceE8',
  'executedE8',
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
  'tradedE8',
  'tradedUsdtE8',
  'untoldUsdtE8',
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
  ['executedE8', 'quantityE8'],
  ['tradedE8', 'quantityE8'],
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
type ClaimRow = readonly [
  shared: number,
  seq: number,
  openedLater: number,
  first: number,
  orders: readonly number[],
  askedE8: number,
  filledE8: number | null,
  rung: number,
  endDetail: string,
  endLater: number,
];
type GroupRow = readonly [decisionId: string | null, orders: readonly (readonly Cell[])[], claim: ClaimRow | null];

/** A group as one short text; null: it could not be read back bit by bit. The text of its claim is shared first. */
export function writeGroup(group: SettledGroup, shared: SharedTexts): string | null {
  const { claim, decisionId, orders } = group;
  const written = claim === null ? null : writeClaim(claim, orders, shared);
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
    claim: written === null ? null : readClaim(written, decisionId ?? '', orders, shared),
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
/** What orders share is told apart from what claims do by its first member. */
export function isOfOrder(shared: string): boolean {
  return shared.startsWith('[[');
}
export function nameIn(shared: string): Named {
  const [values] = JSON.parse(shared) as Common;
  return { agent: values[SHARED.indexOf('agent')] as string | null, symbol: String(values[SHARED.indexOf('symbol')]) };
}
/** Numbers of the shared texts of a group. */
export function numbersIn(text: string): readonly number[] {
  const [, orders, claim] = JSON.parse(text) as GroupRow;
  const numbers = orders.map(([shared]) => shared as number);
  return claim === null ? numbers : [...numbers, claim[0]];
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

function writeClaim(claim: Claim, orders: readonly OrderState[], shared: SharedTexts): ClaimRow {
  const { agent, cause, end, isCanceled, isWhole, openedAtMs, origin, side, symbol, wants } = claim;
  const common = [agent, origin, cause, symbol, side, isWhole, wants, isCanceled, end?.reason ?? null];
  return [
    shared.numberOf(JSON.stringify(common)),
    claim.seq,
    openedAtMs - claim.first.plannedAtMs,
    orders.indexOf(claim.first),
    claim.orders.map((order) => orders.indexOf(order)),
    claim.askedE8,
    claim.filledE8,
    claim.rung,
    end?.detail ?? '',
    (end?.atMs ?? openedAtMs) - openedAtMs,
  ];
}

function readClaim(row: ClaimRow, decisionId: string, group: readonly OrderState[], shared: SharedTexts): Claim | null {
  const [common, seq, openedLater, firstAt, parts, askedE8, filledE8, rung, detail, endLater] = row;
  const [agent, origin, cause, symbol, side, isWhole, wants, isCanceled, reason] = JSON.parse(shared.textOf(common));
  const first = group[firstAt];
  if (first === undefined) return null;
  const openedAtMs = openedLater + first.plannedAtMs;
  const orders = parts.flatMap((at) => group[at] ?? []);
  const end = { reason, detail, atMs: endLater + openedAtMs };
  return {
    decisionId,
    seq,
    agent,
    origin,
    cause,
    symbol,
    side,
    isWhole,
    openedAtMs,
    first,
    wants,
    askedE8,
    orders,
    gaveWay: [],
    rung,
    isCanceled,
    filledE8,
    end,
  };
}

/** Member by member, in the order in which they stand, with the bits of numbers. */
function isSame(read: SettledGroup, group: SettledGroup): boolean {
  if (read.decisionId !== group.decisionId) return false;
  if (!group.orders.every((order, i) => isSameObject(read.orders[i]!, order))) return false;
  if (group.claim === null || read.claim === null) return group.claim === read.claim;
  const { end, first, gaveWay, orders, ...rest } = group.claim;
  const { end: readEnd, first: readFirst, gaveWay: _, orders: readOrders, ...readRest } = read.claim;
  const place = (order: OrderState): number => group.orders.indexOf(order);
  return (
    gaveWay.length === 0 &&
    Object.keys(group.claim).join() === Object.keys(read.claim).join() &&
    isSameObject(readRest, rest) &&
    isSameObject(readEnd ?? {}, end ?? {}) &&
    read.orders.indexOf(readFirst) === place(first) &&
    readOrders.length === orders.length &&
    orders.every((order, i) => read.orders.indexOf(readOrders[i]!) === place(order))
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
