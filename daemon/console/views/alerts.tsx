import { openAcknowledge } from '../acts.ts';
import { clock } from '../format.ts';
import { Empty, Panel, Pill, showText } from '../parts.tsx';
import { alerts } from '../store.ts';

const LONGEST_DETAIL = 2_000;

/** What waits for a person: those nobody acknowledged come first. */
export function AlertsPanel() {
  const known = alerts.value ?? [];
  const open = known.filter((alert) => alert.acknowledged === null);
  const seen = known.filter((alert) => alert.acknowledged !== null);
  return (
    <Panel
      title="Alerts"
      name="alerts"
      note={open.length === 0 ? 'all acknowledged' : <Pill kind="halted">{open.length} open</Pill>}
    >
      {known.length === 0 ? (
        <Empty>No alert was raised.</Empty>
      ) : (
        <div class="scroll tall" tabIndex={0} role="region" aria-label="Alerts, list">
          <ul class="alerts">
            {[...open, ...seen].map((alert) => (
              <li key={alert.seq} class={alert.acknowledged === null ? 'alert' : 'alert seen'}>
                <p class="alert-head">
                  <strong>{alert.code}</strong>
                  <span class="dim">
                    {alert.symbol ?? ''} {clock(alert.at_ms)}
                  </span>
                  {alert.acknowledged === null ? (
                    <button type="button" onClick={() => openAcknowledge(alert)}>
                      Acknowledge<span class="hidden"> alert {alert.seq}</span>
                    </button>
                  ) : (
                    <span class="dim">
                      seen by {alert.acknowledged.by}, {clock(alert.acknowledged.at_ms)}
                    </span>
                  )}
                </p>
                <p>{showText(alert.detail, LONGEST_DETAIL)}</p>
              </li>
            ))}
          </ul>
        </div>
      )}
    </Panel>
  );
}
