import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { profileOf } from '../../../core/venues.ts';
import type { VenuePort } from '../../../driver/ports.ts';
import { lotE8, tickE8, toE8 } from '../../../engine/records/units.ts';
import type {
  Approved,
  FetchOutcome,
  OrderInstruction,
  StopInstruction,
  SymbolRules,
} from '../../../engine/records/venue.ts';
import { type Check, type Examined, type Finding, proven, refuted, unknown } from './finding.ts';
import type { VenueSide } from './venue-side.ts';

/** Of the exercise, ms of the venue's time. */
const COUNTDOWN_MS = 3_000;
/** How long it waits for the first order to go, and then for the other one. */
const GONE_WITHIN_MS = 20_000;
const OTHER_WITHIN_MS = 2_000;
const LOOK_EVERY_MS = 250;
const SEND_WITHIN_MS = 5_000;
/** Where the two rest, as shares of the mark. */
const BUY_AT = 0.7;
const STOP_AT = 0.5;

/** What the venue's dead-man countdown cancels, which no document of Binance says. */
export function countdownChecks({ config, isExercised, policy }: Examined, side: VenueSide): readonly Check[] {
  if (profileOf(config.venue).isRealMoney) return [];
  const { scope } = policy.policy as { readonly scope: { readonly symbols: readonly string[] } };
  return [
    {
      id: 'countdown',
      claim: "the venue's countdown cancels what opens, and is known for what else it cancels",
      run: async () => {
        if (!isExercised) return unknown('--exercise lets one run out over two far-off orders');
        return exercise(await side.openVenue(), scope.symbols, config.countdown);
      },
    },
  ];
}

function need<T>(what: string, outcome: FetchOutcome<T>): T {
  if (outcome.kind === 'failed') throw new Error(`${what}: ${outcome.detail}`);
  return outcome.value;
}

/** A symbol in which nothing is held and nothing rests; null: there is none. */
async function findFree(venue: VenuePort, rules: readonly SymbolRules[]): Promise<SymbolRules | null> {
  const symbols = rules.map(({ symbol }) => symbol);
  const { positions, unreadable } = need('the account', await venue.fetchAccount(symbols));
  const orders = need('open orders', await venue.fetchOpenOrders(symbols));
  const isFree = ({ symbol }: SymbolRules): boolean =>
    ![...unreadable, ...orders.unreadable].some((row) => row.symbol === symbol) &&
    !positions.some((held) => held.symbol === symbol && held.quantityE8 !== 0) &&
    !orders.rows.some((order) => order.symbol === symbol);
  return rules.find(isFree) ?? null;
}

interface Pair {
  readonly regular: Approved<OrderInstruction>;
  readonly conditional: Approved<StopInstruction>;
}

/** The smallest buy far below the mark, and a stop far below that, which closes a position that is not there. */
function buildPair(rules: SymbolRules, mark: number): Pair {
  const { symbol } = rules;
  const id = (): string => `doctor-${randomUUID().slice(0, 12)}`;
  const priceE8 = (price: number): number =>
    toE8(Math.floor((price * rules.tickScale) / rules.tickMantissa), tickE8(rules));
  const lot = rules.lotMantissa / rules.lotScale;
  const lots = Math.max(rules.minLots, Math.ceil((1.05 * rules.minNotionalUsdt) / (mark * BUY_AT * lot)));
  return {
    regular: {
      clientOrderId: id(),
      symbol,
      side: 'buy',
      orderType: 'limit',
      timeInForce: 'GTC',
      goodTillMs: null,
      quantityE8: toE8(lots, lotE8(rules)),
      priceE8: priceE8(mark * BUY_AT),
      reduceOnly: false,
    } as OrderInstruction as Approved<OrderInstruction>,
    conditional: {
      clientOrderId: id(),
      symbol,
      side: 'sell',
      triggerE8: priceE8(mark * STOP_AT),
    } as StopInstruction as Approved<StopInstruction>,
  };
}

async function exercise(
  venue: VenuePort,
  symbols: readonly string[],
  setting: Examined['config']['countdown'],
): Promise<Finding> {
  // RISK: these orders have passed no gate.
  if (profileOf(venue.venue).isRealMoney) throw new Error('never where money is real');
  const { rules } = need('the rules', await venue.fetchRules(symbols));
  const free = await findFree(venue, rules);
  if (free === null) return unknown('no symbol is without orders and position');
  const { symbol } = free;
  const pair = buildPair(free, need('the mark', await venue.fetchQuote(symbol)).mark);
  try {
    return judge(await runOut(venue, pair), profileOf(venue.venue).isSimulated ? venue.countdown : setting);
  } finally {
    await venue.setCountdown(symbol, 0);
    await venue.cancel(symbol, pair.regular.clientOrderId, 'regular');
    await venue.cancel(symbol, pair.conditional.clientOrderId, 'algo');
  }
}

interface Left {
  readonly regular: boolean;
  readonly conditional: boolean;
}

/** Places both, lets the countdown run out, and says what is left. @throws Error when one of them cannot be placed */
async function runOut(venue: VenuePort, pair: Pair): Promise<Left> {
  const { symbol } = pair.regular;
  const sent = [await venue.submit(pair.regular, SEND_WITHIN_MS), await venue.submitStop(pair.conditional)];
  for (const outcome of sent) {
    if (outcome.kind === 'rejected') throw new Error(`an order was refused: ${outcome.rejection.message}`);
    if (outcome.kind === 'unknown') throw new Error(`nothing is known of an order: ${outcome.detail}`);
  }
  const look = async (): Promise<Left> => {
    const open = need('open orders', await venue.fetchOpenOrders([symbol]));
    const isThere = (id: string): boolean => open.rows.some(({ clientOrderId }) => clientOrderId === id);
    return {
      regular: isThere(pair.regular.clientOrderId),
      conditional: isThere(pair.conditional.clientOrderId),
    };
  };
  const before = await look();
  if (!before.regular || !before.conditional) throw new Error('the two orders are not listed');
  need('the countdown', await venue.setCountdown(symbol, COUNTDOWN_MS));
  const wait = async (withinMs: number, isOver: (left: Left) => boolean): Promise<Left> => {
    const untilMs = performance.now() + withinMs;
    let left = await look();
    while (!isOver(left) && performance.now() < untilMs) {
      await delay(LOOK_EVERY_MS);
      left = await look();
    }
    return left;
  };
  const first = await wait(GONE_WITHIN_MS, ({ regular }) => !regular);
  return first.regular || !first.conditional ? first : wait(OTHER_WITHIN_MS, ({ conditional }) => !conditional);
}

function judge({ conditional, regular }: Left, setting: Examined['config']['countdown']): Finding {
  if (regular) return refuted('it ran out, and the opening order still rests');
  const seen = conditional ? 'regular' : 'all';
  const said =
    seen === 'regular'
      ? 'regular: it cancels regular orders and spares conditional ones'
      : 'all: it cancels conditional orders too, stops among them';
  if (setting === seen) return proven(said);
  if (setting === 'unknown') return proven(`${said}; start with HOLDFAST_COUNTDOWN=${seen}`);
  return refuted(`${said}, and HOLDFAST_COUNTDOWN is ${setting}`);
}
