import { BOOT, type LayerPlace, layerEvent, layerKey } from '../callers/layers.ts';
import type { LiveCore } from '../flow/core.ts';
import type { RowList } from '../readings/unreadable-rows.ts';
import type { UnreadableRow } from '../records/venue.ts';

const CROSSED = 'its margin is not known to be isolated';
/** Between the reasons of one symbol. */
const AND = '; ';

/**
 * Nothing opens in a symbol that is on crossed margin, or of which a list has a row that cannot be read, and only there.
 * Returns those on crossed margin that did open until now.
 */
export function holdSymbols(core: LiveCore, crossed: readonly string[]): readonly string[] {
  const { layers } = core.state;
  if (crossed.length === 0 && layers.size === 0 && core.market.unreadable.isEmpty) return crossed;
  const reasons = new Map<string, readonly string[]>(crossed.map((symbol) => [symbol, [CROSSED]]));
  for (const [symbol, list] of core.market.unreadable.entries())
    reasons.set(symbol, [...(reasons.get(symbol) ?? []), describeUnreadable(list)]);
  const added = crossed.filter((symbol) => !layers.has(keyOf(symbol)));
  for (const [symbol, each] of reasons) hold(core, symbol, each);
  for (const { layer, name, scope } of [...layers.values()])
    if (layer === 'boot' && scope === 'symbol' && name !== null && !reasons.has(name))
      setBoot(core, name, 'its margin is isolated and its rows are readable, or it is not of the policy', null);
  return added;
}

/** Takes rows in that a list has just shown of the symbols that it covers; what can be read again is let go later. */
export function noteUnreadable(
  core: LiveCore,
  list: RowList,
  rows: readonly UnreadableRow[],
  covers: (symbol: string) => boolean,
): void {
  for (const { detail, symbol } of core.market.unreadable.note(list, rows, covers)) {
    hold(core, symbol, [...reasonsOf(core, symbol), describeUnreadable(list)]);
    core.alertRarely(
      'SYMBOL_UNREADY',
      `a row of its ${list} cannot be read, nothing is opened there: ${detail}; what the gate knows of is closed as ever, anything else by \`./holdfast flatten ${symbol} --emergency\``,
      symbol,
      list,
    );
  }
}
/** Symbols that an earlier process held for a row of that list: it counts as unreadable until the list is read again. */
export function takeUpUnreadable(core: LiveCore, list: RowList): readonly string[] {
  const symbols: string[] = [];
  for (const { layer, name: symbol, reason, scope } of core.state.layers.values()) {
    if (layer !== 'boot' || scope !== 'symbol' || symbol === null) continue;
    if (!reason.split(AND).includes(describeUnreadable(list))) continue;
    core.market.unreadable.note(list, [{ symbol, detail: reason }], (covered) => covered === symbol);
    symbols.push(symbol);
  }
  return symbols;
}
/** Every reason is on record: a start finds each, and one that ends takes no other along. */
function hold(core: LiveCore, symbol: string, reasons: readonly string[]): void {
  const known = reasonsOf(core, symbol);
  const now = new Set(reasons);
  if (now.size === known.length && known.every((reason) => now.has(reason))) return;
  const ends = [...now].map((reason) =>
    reason === CROSSED ? 'its margin is isolated at the venue' : 'its rows are readable',
  );
  setBoot(core, symbol, [...now].join(AND), [...new Set(ends)].join(' and '));
}
function reasonsOf(core: LiveCore, symbol: string): readonly string[] {
  return core.state.layers.get(keyOf(symbol))?.reason.split(AND) ?? [];
}
function placeOf(symbol: string): LayerPlace {
  return { ...BOOT, scope: 'symbol', name: symbol };
}
function keyOf(symbol: string): string {
  return layerKey(placeOf(symbol));
}
function describeUnreadable(list: RowList): string {
  return `a row of its ${list} cannot be read`;
}

/** `clearsWhen`: null where nothing holds the symbol any more. */
function setBoot(core: LiveCore, symbol: string, reason: string, clearsWhen: string | null): void {
  core.append('state', layerEvent(placeOf(symbol), reason, 'daemon', clearsWhen));
}
