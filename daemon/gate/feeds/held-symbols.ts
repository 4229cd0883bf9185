import type { GateCore } from '../journal/journal.ts';
import type { RowList } from '../snapshot/unreadable-rows.ts';
import { layerKey } from '../state/layers.ts';
import type { UnreadableRow } from '../venue-port.ts';

/**
 * Nothing opens in a symbol that is on crossed margin, or of which a list has a row that cannot be read, and only there.
 * Returns those on crossed margin that did open until now.
 */
export function holdSymbols(core: GateCore, crossed: readonly string[]): readonly string[] {
  const { layers } = core.state;
  const held = new Set(crossed);
  for (const [symbol, list] of core.market.unreadable.entries()) {
    held.add(symbol);
    holdUnreadable(core, symbol, list);
  }
  const added = crossed.filter((symbol) => !layers.has(layerKey('boot', 'symbol', symbol)));
  for (const symbol of added)
    setBoot(core, symbol, 'its margin is not known to be isolated', 'its margin is isolated at the venue');
  for (const { layer, name, scope } of [...layers.values()])
    if (layer === 'boot' && scope === 'symbol' && name !== null && !held.has(name))
      setBoot(core, name, 'its margin is isolated and its rows are readable, or it is not of the policy', null);
  return added;
}

/** Takes rows in that a list has just shown of the symbols that it covers; what can be read again is let go later. */
export function noteUnreadable(
  core: GateCore,
  list: RowList,
  rows: readonly UnreadableRow[],
  covers: (symbol: string) => boolean,
): void {
  for (const { detail, symbol } of core.market.unreadable.note(list, rows, covers)) {
    holdUnreadable(core, symbol, list);
    core.alertRarely(
      'SYMBOL_UNREADY',
      `a row of its ${list} cannot be read, nothing is opened there: ${detail}; what the gate knows of is closed as ever, anything else by \`./holdfast flatten ${symbol} --emergency\``,
      symbol,
      list,
    );
  }
}
/** Symbols that an earlier process held for a row of that list: it counts as unreadable until the list is read again. */
export function takeUpUnreadable(core: GateCore, list: RowList): readonly string[] {
  const symbols: string[] = [];
  for (const { layer, name: symbol, reason, scope } of core.state.layers.values()) {
    if (layer !== 'boot' || scope !== 'symbol' || symbol === null || reason !== describeUnreadable(list)) continue;
    core.market.unreadable.note(list, [{ symbol, detail: reason }], (covered) => covered === symbol);
    symbols.push(symbol);
  }
  return symbols;
}
function holdUnreadable(core: GateCore, symbol: string, list: RowList): void {
  if (core.state.layers.has(layerKey('boot', 'symbol', symbol))) return;
  setBoot(core, symbol, describeUnreadable(list), 'its rows are readable');
}
function describeUnreadable(list: RowList): string {
  return `a row of its ${list} cannot be read`;
}

/** `clearsWhen`: null where nothing holds the symbol any more. */
function setBoot(core: GateCore, symbol: string, reason: string, clearsWhen: string | null): void {
  core.append('state', {
    clears_at_ms: null,
    clears_when: clearsWhen ?? '',
    layer: 'boot',
    name: symbol,
    reason,
    scope: 'symbol',
    set_by: 'daemon',
    state: clearsWhen === null ? 'active' : 'reducing',
  });
}
