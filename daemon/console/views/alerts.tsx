import { openAcknowledge } from '../acts/acts.ts';
import { clock } from '../format.ts';
import { Empty, Panel, Pill, showText } from '../parts.tsx';
import { isRemote } from '../session/place.ts';
import { alerts, readiness } from '../state/store.ts';

const LONGEST_DETAIL = 2_000;

const HASH = /\b([0-9a-f]{12})[0-9a-f]{52}\b/g;
/** As they are shown elsewhere on the page; the whole text is a pointer away, and in `./holdfast alerts`. */
const shortenHashes = (text: string): string => text.replace(HASH, '$1…');

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
      <DeliveryNotes />
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
                  {alert.acknowledged !== null ? (
                    <span class="dim">
                      seen by {alert.acknowledged.by}, {clock(alert.acknowledged.at_ms)}
                    </span>
                  ) : isRemote() ? null : (
                    <button type="button" onClick={() => openAcknowledge(alert)}>
                      Acknowledge<span class="hidden"> alert {alert.seq}</span>
                    </button>
                  )}
                </p>
                <p title={alert.detail}>{showText(shortenHashes(alert.detail), LONGEST_DETAIL)}</p>
              </li>
            ))}
          </ul>
        </div>
      )}
    </Panel>
  );
}

/** What keeps alerts from reaching people. */
function DeliveryNotes() {
  const now = readiness.value;
  if (now === null) return null;
  const { alert_channels_silent: silent, alert_routes_error: error, pending_alert_routes: pending } = now;
  return (
    <>
      {silent.length === 0 ? null : (
        <p role="status">
          <Pill kind="halted">silent</Pill> For an hour or more nothing was delivered to {silent.join(', ')}.
        </p>
      )}
      {error === null ? null : <p>The file of alert routes is not in force: {showText(error, LONGEST_DETAIL)}</p>}
      {pending === null ? null : (
        <p>
          Looser alert routes wait for <code>./holdfast alerts reload</code>:{' '}
          {showText(pending.looser.join('; '), LONGEST_DETAIL)}
        </p>
      )}
    </>
  );
}
