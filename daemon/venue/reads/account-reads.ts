import type {
  AccountMode,
  AccountSnapshot,
  FetchOutcome,
  Listed,
  LookupOutcome,
  OrderKind,
  VenueOrder,
} from '../../engine/records/venue.ts';
import { rowOf } from '../../engine/tables/cause.ts';
import {
  parseAccountAlias,
  parseAccountConfig,
  parseBalances,
  parseKeyRights,
  parsePositions,
  parseSymbolSettings,
  type SymbolSetting,
} from '../tables/parse-account.ts';
import { asTriggered, findUnreportedActual, parseAlgoOrder, parseRegularOrder } from '../tables/parse-orders.ts';
import { joinLists, readRows } from '../tables/rows.ts';
import { MalformedAnswerError, requireList } from '../wire/exact-fields.ts';
import { INVALID_SYMBOL, ReadFailedError } from '../wire/venue-link.ts';
import { WEIGHT } from '../wire/weight-window.ts';
import type { Reader, StartRead } from './reader.ts';

/** Reads of the account: its mode, money, positions and orders. */
export class AccountReads {
  readonly #reader: Reader;
  readonly #readsKeyRights: boolean;

  constructor(reader: Reader, readsKeyRights: boolean) {
    this.#reader = reader;
    this.#readsKeyRights = readsKeyRights;
  }

  /**
   * Sets only what differs, then reads the settings back. What the exchange refuses to change (for open positions or
   * orders) is told as it is: a mode of the whole account keeps everything from being opened, a symbol's margin that
   * symbol. In multi-assets margin no symbol can be isolated.
   *
   * @param isolated what {@link fetchAccount} has just read for the symbols; null: it is read
   */
  async prepareAccount(
    symbols: readonly string[],
    isolated: AccountSnapshot['isolated'] | null,
  ): Promise<FetchOutcome<AccountMode>> {
    return this.#reader.link.outcome(async () => {
      const config = parseAccountConfig(
        await this.#reader.read(WEIGHT.accountConfig, (ccxt) => ccxt.fapiPrivateGetAccountConfig()),
      );
      const before = isolated ?? isolationOf(await this.#fetchSettings());
      const crossed = symbols.filter((symbol) => before[symbol] === false);
      if (!config.isSingleAsset || !(config.isOneWay || (await this.#setOneWay())))
        return this.#modeOf(symbols, config, before);
      const refusal = await this.#isolate(crossed);
      if (config.isOneWay && crossed.length === 0) return this.#modeOf(symbols, config, before);
      const [readBack, settings] = await Promise.all([
        this.#reader.read(WEIGHT.accountConfig, (ccxt) => ccxt.fapiPrivateGetAccountConfig()),
        this.#fetchSettings(),
      ]);
      const mode = await this.#modeOf(symbols, parseAccountConfig(readBack), isolationOf(settings));
      return refusal === null ? mode : { ...mode, refusal };
    });
  }
  /** Position and balance lists are two answers: the snapshot counts as of the earlier request. */
  async fetchAccount(symbols: readonly string[]): Promise<FetchOutcome<AccountSnapshot>> {
    return this.#reader.link.outcome(async () => {
      const requestedAtMs = this.#reader.link.clock.nowMs();
      const [account, positionRisk, listed] = await Promise.all([
        this.#reader.read(WEIGHT.account, (ccxt) => ccxt.fapiPrivateV3GetAccount()),
        this.#reader.read(WEIGHT.positionRisk, (ccxt) => ccxt.fapiPrivateV3GetPositionRisk()),
        this.#fetchSettings(),
      ]);
      const settings = bySymbol(listed);
      const leverage: Record<string, number> = {};
      const isolated: Record<string, boolean> = {};
      for (const symbol of symbols) {
        // An unlisted symbol has no settings; missing values keep their known state.
        const setting = settings.get(symbol);
        if (setting === undefined) continue;
        leverage[symbol] = setting.leverage;
        isolated[symbol] = setting.isIsolated;
      }
      const positions = parsePositions(positionRisk, settings);
      return {
        requestedAtMs,
        observedAtMs: this.#reader.link.clock.nowMs(),
        ...parseBalances(account),
        positions: positions.rows,
        // An odd setting is a missing one, and hides no position.
        unreadable: positions.unreadable,
        leverage,
        isolated,
      };
    });
  }
  /** As `/fapi/v3/balance` has it in each of its rows. */
  async fetchAlias(): Promise<FetchOutcome<string | null>> {
    return this.#reader.link.outcome(async () =>
      parseAccountAlias(await this.#reader.read(WEIGHT.balance, (ccxt) => ccxt.fapiPrivateV3GetBalance())),
    );
  }
  /**
   * Open orders, regular and conditional, of the symbols, at a weight of 1 in each of two lists. Without
   * symbols all of the account's, at 40 per list, since somebody else's order may be in any symbol.
   */
  async fetchOpenOrders(symbols: readonly string[]): Promise<FetchOutcome<Listed<VenueOrder>>> {
    return this.#reader.link.outcome(async () => {
      const isWhole = symbols.length === 0 || symbols.length >= WEIGHT.openOrdersOfAll;
      const lists = await Promise.all((isWhole ? [null] : symbols).map((symbol) => this.#listOpen(symbol)));
      return joinLists(lists);
    });
  }
  async #listOpen(symbol: string | null): Promise<Listed<VenueOrder>> {
    const query = symbol === null ? {} : { symbol };
    const read = (start: StartRead): Promise<unknown> =>
      symbol === null
        ? this.#reader.readLater(WEIGHT.openOrdersOfAll, start)
        : this.#reader.read(WEIGHT.openOrders, start).catch(emptyIfUnlisted);
    // INVARIANT: conditional orders first. One that triggers meanwhile is in both lists then, and never in neither.
    const algo = await read((ccxt) => ccxt.fapiPrivateGetOpenAlgoOrders(query));
    const regular = await read((ccxt) => ccxt.fapiPrivateGetOpenOrders(query));
    return joinLists([
      readRows(requireList(regular, 'openOrders'), parseRegularOrder),
      readRows(requireList(algo, 'openAlgoOrders'), parseAlgoOrder),
    ]);
  }
  /** Not queued: an unknown order waits for it. */
  async lookupOrder(symbol: string, clientOrderId: string, kind: OrderKind): Promise<LookupOutcome> {
    const isAskedFor = (order: VenueOrder): boolean => order.clientOrderId === clientOrderId && order.symbol === symbol;
    if (kind === 'regular')
      return this.#lookUp(
        (ccxt) => ccxt.fapiPrivateGetOrder({ symbol, origClientOrderId: clientOrderId }),
        parseRegularOrder,
        isAskedFor,
      );
    const became: { id: string | null } = { id: null };
    const found = await this.#lookUp(
      (ccxt) => ccxt.fapiPrivateGetAlgoOrder({ clientAlgoId: clientOrderId }),
      (json) => {
        became.id = findUnreportedActual(json);
        return parseAlgoOrder(json);
      },
      isAskedFor,
    );
    if (found.kind !== 'found' || became.id === null) return found;
    // RISK: a stop of which nobody says that it has closed something ends nothing that would open it again.
    const actual = await this.lookupByVenueId(symbol, became.id);
    if (actual.kind === 'failed') return actual;
    return actual.kind === 'found' ? { kind: 'found', order: asTriggered(found.order, actual.order) } : found;
  }
  /** The regular order of a trade. */
  async lookupByVenueId(symbol: string, venueOrderId: string, canWait = false): Promise<LookupOutcome> {
    return this.#lookUp(
      (ccxt) => ccxt.fapiPrivateGetOrder({ symbol, orderId: venueOrderId }),
      parseRegularOrder,
      (order) => order.venueOrderId === venueOrderId && order.symbol === symbol,
      canWait,
    );
  }
  async #lookUp(
    start: StartRead,
    parse: (json: unknown) => VenueOrder,
    isAskedFor: (order: VenueOrder) => boolean,
    canWait = false,
  ): Promise<LookupOutcome> {
    try {
      const order = parse(await (canWait ? this.#reader.readLater(WEIGHT.order, start) : this.#reader.readNow(start)));
      if (!isAskedFor(order)) throw new MalformedAnswerError('the answer is about another order');
      return { kind: 'found', order };
    } catch (error) {
      if (error instanceof ReadFailedError && error.code === -2013) return { kind: 'not_found' };
      return { kind: 'failed', detail: this.#reader.link.failed(error).detail };
    }
  }
  /**
   * Each that can be: one in which something is held keeps no other from it. Returns the first refusal, in words.
   * @throws ReadFailedError of the first that was not answered
   */
  async #isolate(symbols: readonly string[]): Promise<string | null> {
    let refusal: string | null = null;
    let failure: ReadFailedError | null = null;
    for (const symbol of symbols)
      try {
        await this.#set((ccxt) => ccxt.fapiPrivatePostMarginType({ symbol, marginType: 'ISOLATED' }));
      } catch (error) {
        if (!(error instanceof ReadFailedError)) throw error;
        if (error.code !== null && rowOf(error.refusedFor).first === null)
          refusal ??= this.#reader.link.redact(error.message);
        else failure ??= error;
      }
    if (failure !== null) throw failure;
    return refusal;
  }
  /** False: it is not known to be set. */
  async #setOneWay(): Promise<boolean> {
    try {
      await this.#set((ccxt) => ccxt.fapiPrivatePostPositionSideDual({ dualSidePosition: 'false' }));
      return true;
    } catch (error) {
      if (error instanceof ReadFailedError) return false;
      throw error;
    }
  }
  /** A setting that is already set (-4046, -4059) is a success. */
  async #set(start: StartRead): Promise<void> {
    const { facts } = await this.#reader.link.end(this.#reader.client, this.#reader.link.call(), start);
    const isSet = facts.code === -4046 || facts.code === -4059;
    const isSuccess = facts.thrownKind === 'none' && facts.httpStatus === 200 && facts.code === null;
    if (!isSet && !isSuccess) throw this.#reader.link.failRead(facts);
  }
  async #fetchSettings(): Promise<Listed<SymbolSetting>> {
    return parseSymbolSettings(
      await this.#reader.read(WEIGHT.symbolConfig, (ccxt) => ccxt.fapiPrivateGetSymbolConfig()),
    );
  }
  async #modeOf(
    symbols: readonly string[],
    config: ReturnType<typeof parseAccountConfig>,
    settings: AccountSnapshot['isolated'],
  ): Promise<AccountMode> {
    const isolated: Record<string, boolean> = {};
    for (const symbol of symbols) {
      // Of one that is lacking, or cannot be read, it is not known.
      const setting = settings[symbol];
      if (setting !== undefined) isolated[symbol] = setting;
    }
    const canWithdraw = this.#readsKeyRights
      ? parseKeyRights(await this.#reader.readApart((ccxt) => ccxt.sapiGetAccountApiRestrictions())).canWithdraw
      : null;
    return {
      oneWay: config.isOneWay,
      singleAsset: config.isSingleAsset,
      isolated,
      canWithdraw,
      canTrade: config.canTrade,
    };
  }
}

/** In a symbol that the exchange does not know (any more, or yet) nothing is open. */
function emptyIfUnlisted(error: unknown): readonly [] {
  if (error instanceof ReadFailedError && error.code === INVALID_SYMBOL) return [];
  throw error;
}
function bySymbol({ rows }: Listed<SymbolSetting>): ReadonlyMap<string, SymbolSetting> {
  return new Map(rows.map((setting) => [setting.symbol, setting]));
}
function isolationOf({ rows }: Listed<SymbolSetting>): AccountSnapshot['isolated'] {
  return Object.fromEntries(rows.map(({ isIsolated, symbol }) => [symbol, isIsolated]));
}
