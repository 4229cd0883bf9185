/**
 * What an answer to a POST, PUT or DELETE means, as one pure table over (HTTP status, Binance code, message text).
 * ccxt's exception classes cannot decide it: -1000 (executed or not, nobody knows) and -1008 (certainly not) are one
 * class, -4116 (an earlier send is live) looks like a rejection, and -1021 (certainly not) looks like a network
 * failure. Source: Binance USD-M general information and error codes. RISK: what is neither listed nor of a family of
 * refusals is `unknown`. A wrong `rejected` releases a reservation whose order may fill.
 */

import type { Rejection } from '../../engine/records/venue.ts';
import type { Cause } from '../../engine/tables/cause.ts';

/**
 * How a call ended, besides the exchange's answer. `none`: a complete answer. `not_sent`: provably no byte was sent
 * (see transport.ts). `send_deadline`: dropped as late. `local`: ccxt or our own check refused to build it, nothing was
 * sent. `transport`: sent, without a complete answer.
 */
export type ThrownKind = 'none' | 'not_sent' | 'send_deadline' | 'local' | 'transport';
export interface AnswerFacts {
  readonly httpStatus: number | null;
  /** Binance's code in the body; null if the body has none. */
  readonly code: number | null;
  /** Binance's `msg`, else the body as text. */
  readonly message: string;
  readonly thrownKind: ThrownKind;
  /** Of the Retry-After header; domain milliseconds. */
  readonly retryAfterMs?: number | null;
}
export type AnswerClass =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'rejected'; readonly rejection: Rejection }
  | { readonly kind: 'unknown'; readonly detail: string };

interface CodeRow {
  readonly codes: readonly number[];
  readonly cause: Cause | 'accepted' | 'unknown';
  /** The row applies to this text only; with any other text the code means nothing: `unknown`. */
  readonly text?: RegExp;
}

export const CODE_ROWS: readonly CodeRow[] = [
  // -5043: another change of the same order is in flight; which of them rests is unknown.
  { codes: [-1000, -1006, -1007, -4117, -5043], cause: 'unknown' },
  { codes: [-2011, -2013], cause: 'unknown' },
  // Of families of refusals, and none for certain: a batch that failed in part, an error inside, an id sent before.
  { codes: [-2012, -4078, -4083, -4115], cause: 'unknown' },
  { codes: [-1001], cause: 'try_again', text: /^Internal error; unable to process your request/ },
  { codes: [-1008, -1003, -1015], cause: 'busy' },
  { codes: [-1021, -5028], cause: 'clock_off' },
  { codes: [-1022, -2014, -2015, -2017], cause: 'key_refused' },
  { codes: [-1002, -1005, -1011, -1099, -1109], cause: 'key_refused' },
  { codes: [-2023, -4192, -4088, -4109], cause: 'key_refused' },
  { codes: [-4400, -4401, -4402, -4087], cause: 'restricted' },
  // An order with this id is at the exchange from an earlier send; only a query shows which (spot wording: -2010).
  { codes: [-4116], cause: 'accepted' },
  { codes: [-2010], cause: 'accepted', text: /^Duplicate order sent\.?$/ },
  { codes: [-4046, -4059, -4171], cause: 'accepted' },
  // The order has the size and the price already that the amend asks for. RISK: as a rejection it would count as the
  // old form, which may be the smaller one.
  { codes: [-5027], cause: 'accepted' },
  { codes: [-2022, -4118], cause: 'nothing_to_reduce' },
  { codes: [-2021, -4142], cause: 'would_fire' },
  // The book has nothing to fill it with at the moment.
  { codes: [-1112, -2020], cause: 'try_again' },
  // Another closePosition order rests on this side.
  { codes: [-4130], cause: 'stop_exists' },
  // Less is held than is to be closed.
  { codes: [-2024], cause: 'account_differs' },
  // Nothing is held that a stop would close: what has just been opened shows a moment later.
  { codes: [-4509], cause: 'not_held_yet' },
  { codes: [-2018, -2019, -2027, -2028], cause: 'account_differs' },
  { codes: [-2025, -4045], cause: 'order_limit' },
  // Off the grid: the exchange has changed its steps. Read again and written anew, the same order is taken.
  { codes: [-1111, -4014, -4023], cause: 'off_grid' },
  {
    codes: [-4003, -4004, -4005, -4015, -1102, -1106, -1116, -4061, -4120],
    cause: 'rules_differ',
  },
  // PRICE_FILTER, which is held to before: the exchange has changed it.
  { codes: [-4001, -4002, -4006, -4007, -4013], cause: 'rules_differ' },
  { codes: [-4016, -4024, -4131, -4183, -4184, -4210, -4211], cause: 'price_band' },
  { codes: [-4164, -5029], cause: 'other' },
  { codes: [-1122, -4022, -4140, -4141, -5024], cause: 'symbol_closed' },
  // An order that cannot be amended, or not any more.
  { codes: [-5025, -5026], cause: 'other' },
  { codes: [-5021, -5022, -5041], cause: 'try_again' },
  { codes: [-4531, -4067, -4068, -4047, -4048], cause: 'other' },
  // Checks of a request that ends before any order exists: symbol name, leverage value, leverage of a held position.
  { codes: [-1121, -4028, -4161], cause: 'rules_differ' },
];
const ROW_BY_CODE: ReadonlyMap<number, CodeRow> = new Map(
  CODE_ROWS.flatMap((row) => row.codes.map((code) => [code, row] as const)),
);

/**
 * Codes by which the exchange says no, also those that it adds tomorrow: a bad request, an order that is refused, a filter
 * or a setting in its way. RISK: this is a guess, for which there are reasons. HTTP 400 comes from the exchange itself, with
 * a code in its body, about this very request: "the issue is on the sender's side". Where it does not know what became of
 * an order it says so by another status (408, 5xx) or by -1000 to -1010, which are in no family. The few codes of a family
 * that say something else have rows of their own. And no guess sends an order twice: openings are never sent again by
 * themselves, exits are `reduceOnly`, and one that is at the exchange all the same is found by the next list or trade.
 */
const REFUSALS: readonly { readonly from: number; readonly to: number; readonly cause: Cause }[] = [
  { from: -1100, to: -1199, cause: 'rules_differ' },
  { from: -2010, to: -2099, cause: 'account_differs' },
  { from: -4000, to: -4999, cause: 'rules_differ' },
];
/** The status of what the exchange itself refuses: other 4xx come from a gateway too, or leave a doubt. */
const REFUSED = 400;

export function classifySubmit(facts: AnswerFacts): AnswerClass {
  switch (facts.thrownKind) {
    case 'not_sent':
      return reject(facts, 'away');
    case 'send_deadline':
      return reject(facts, 'late');
    case 'local':
      return reject(facts, 'rules_differ');
    case 'transport':
      return unknown(facts);
    case 'none':
      return classifyAnswer(facts);
  }
}

function classifyAnswer(facts: AnswerFacts): AnswerClass {
  const status = facts.httpStatus ?? 0;
  if (status === 418) return reject(facts, 'banned');
  if (status === 429) return reject(facts, 'busy');
  if (status === 403) return reject(facts, 'shut_out');
  if (status >= 200 && status < 300) return facts.code === null ? { kind: 'accepted' } : unknown(facts);
  // 500, 502 and 504 come from a gateway that does not know what the engine did, whatever its body says.
  if (status < 400 || (status >= 500 && status !== 503)) return unknown(facts);
  const row = facts.code === null ? undefined : ROW_BY_CODE.get(facts.code);
  if (row !== undefined) return classifyRow(facts, row);
  const family = status === REFUSED ? findFamily(facts.code) : undefined;
  if (family !== undefined) return reject(facts, family.cause);
  const hasNoCode = facts.code === null || facts.code === 0;
  if (status === 503 && hasNoCode && /^Service Unavailable\.?$/.test(facts.message.trim())) {
    return reject(facts, 'busy');
  }
  return unknown(facts);
}
function findFamily(code: number | null): (typeof REFUSALS)[number] | undefined {
  return REFUSALS.find(({ from, to }) => code !== null && code <= from && code >= to);
}
function classifyRow(facts: AnswerFacts, row: CodeRow): AnswerClass {
  if (row.text !== undefined && !row.text.test(facts.message)) return unknown(facts);
  if (row.cause === 'accepted') return { kind: 'accepted' };
  return row.cause === 'unknown' ? unknown(facts) : reject(facts, row.cause);
}
function reject(facts: AnswerFacts, cause: Cause): AnswerClass {
  const { httpStatus } = facts;
  const code = facts.code ?? httpStatus;
  // A gateway refuses without a text: the status is all there is.
  const status = httpStatus === null ? 'no answer' : `HTTP ${httpStatus} without a text`;
  const message = facts.message.trim() === '' ? status : facts.message;
  const retryAfterMs = facts.retryAfterMs ?? null;
  return { kind: 'rejected', rejection: { cause, code: code === null ? null : String(code), message, retryAfterMs } };
}
function unknown(facts: AnswerFacts): AnswerClass {
  const parts = [
    facts.httpStatus === null ? 'no answer' : `HTTP ${facts.httpStatus}`,
    facts.code === null ? '' : `code ${facts.code}`,
    facts.message,
  ];
  return { kind: 'unknown', detail: parts.filter((part) => part !== '').join(': ') };
}
