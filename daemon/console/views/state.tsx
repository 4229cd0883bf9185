import type { StateLayerBody } from '../../contract/types/operator.ts';
import { clock, span } from '../format.ts';
import { Empty, Panel, Pill } from '../parts.tsx';
import { limits, readiness, stateWord, tradingState } from '../state/store.ts';

/** Every layer of the trading state: since when, why, and what clears it. */
export function StatePanel() {
  const state = tradingState.value;
  const ready = readiness.value;
  return (
    <Panel
      title="Trading state"
      name="state"
      note={state === null ? null : <Pill kind={stateWord.value}>{stateWord.value}</Pill>}
    >
      {ready === null || ready.ready ? null : (
        <p class="warning">Not ready, so nothing opens: {ready.waiting_for.join(', ')}.</p>
      )}
      {ready?.policy_error == null ? null : (
        <p class="warning">The policy file on disk is not in force: {ready.policy_error}</p>
      )}
      {ready === null || ready.symbols_reducing.length === 0 ? null : (
        <p class="warning">Only exits pass in {ready.symbols_reducing.join(', ')}.</p>
      )}
      {state === null || state.layers.length === 0 ? (
        <Empty>No layer restricts trading.</Empty>
      ) : (
        <ul class="layers">
          {state.layers.map((layer) => (
            <Layer key={`${layer.layer} ${layer.scope} ${layer.name}`} layer={layer} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Layer({ layer }: { readonly layer: StateLayerBody }) {
  // By the exchange's clock, as the layer's own time is.
  const since = (limits.value?.at_ms ?? 0) - layer.since_ms;
  return (
    <li class={`layer layer-${layer.state}`}>
      <p class="layer-head">
        <Pill kind={layer.state}>{layer.state}</Pill>
        <strong>
          {layer.layer}, {layer.scope === 'account' ? 'account' : `${layer.scope} ${layer.name ?? ''}`}
        </strong>
        <span class="dim">
          since {clock(layer.since_ms)}
          {since > 1_000 ? ` (${span(since)})` : ''}, by {layer.set_by}
        </span>
      </p>
      <p>{layer.reason}</p>
      <p class="dim">Clears when: {layer.clears_when}</p>
    </li>
  );
}
