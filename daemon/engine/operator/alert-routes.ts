import type { AlertRoutesSpec } from '../../contract/alerts.ts';
import type { ReadinessBody } from '../../contract/types/operator.ts';
import type { ReloadOutcome } from '../../contract/types/policy.ts';
import { profileOf } from '../../core/venues.ts';
import type { LiveCore } from '../flow/core.ts';
import { onDisk } from '../flow/step.ts';
import { heldNoMore } from './loosening-delay.ts';

export interface AlertRoutesDocument {
  readonly spec: AlertRoutesSpec;
  /** sha256 (hex) of its canonical JSON. */
  readonly hash: string;
}
export type AlertRoutesRead =
  | { readonly ok: true; readonly routes: AlertRoutesDocument }
  | { readonly ok: false; readonly problem: string };
/** In what routes are looser than those in force (daemon/alerts implements it); empty: in nothing. */
export type CompareAlertRoutes = (candidate: AlertRoutesSpec, inForce: AlertRoutesSpec) => readonly string[];

interface Pending {
  readonly routes: AlertRoutesDocument;
  readonly looser: readonly string[];
  /** By `t`. */
  readonly notBeforeMs: number | null;
}

/**
 * Which alert routes are in force, by the rule of policies: what drops or weakens a route, or tells others, waits for an
 * operator and on live for `loosen_delay_ms`; what only adds takes effect at once; a bad file changes nothing.
 */
export class AlertRoutesControl {
  readonly #core: LiveCore;
  readonly #compare: CompareAlertRoutes;
  #pending: Pending | null = null;
  #error: string | null = null;
  /** The file as it was last read holds other routes than the pending ones: not usable, or gone. */
  #differs = false;

  constructor(core: LiveCore, compare: CompareAlertRoutes) {
    this.#core = core;
    this.#compare = compare;
  }

  get error(): string | null {
    return this.#error;
  }
  /** There is no file any more, and there need not be one. */
  forgetError(): void {
    this.#error = null;
  }
  get pending(): ReadinessBody['pending_alert_routes'] {
    if (this.#pending === null) return null;
    const { looser, notBeforeMs, routes } = this.#pending;
    return { hash: routes.hash, looser, not_before_ms: this.#core.state.time.venueMsOf(notBeforeMs) };
  }
  get #inForce() {
    return this.#core.state.outbox.routes;
  }

  /** A file was saved, or found at a start. */
  offer(read: AlertRoutesRead, setBy: string): void {
    this.#differs = !read.ok;
    if (!read.ok) {
      this.#error = read.problem;
      this.#core.alert('ALERT_ROUTES_REFUSED', `the alert routes are not usable, the old ones stay: ${read.problem}`);
      return;
    }
    this.#error = null;
    const { routes } = read;
    const inForce = this.#inForce;
    if (inForce?.hash === routes.hash) {
      this.#pending = null;
      return;
    }
    const looser = inForce?.routes ? this.#compare(routes.spec, inForce.routes) : [];
    if (looser.length === 0) {
      this.#enforce(routes, setBy, looser);
      return;
    }
    if (this.#pending?.routes.hash === routes.hash) return;
    const isLive = profileOf(this.#core.settings.venue).isRealMoney;
    const notBeforeMs = isLive ? this.#core.passedMs() + this.#core.policySpec.loosen_delay_ms : null;
    this.#pending = { routes, looser, notBeforeMs };
    const detail = looser.join('; ');
    this.#core.append('alert_routes', {
      action: 'pending',
      detail,
      hash: routes.hash,
      routes: null,
      set_by: setBy,
    });
    this.#core.alert(
      'ALERT_ROUTES_PENDING',
      `looser alert routes (${routes.hash}) wait for an operator: ${detail}. Accept them: ./holdfast alerts reload ${routes.hash}`,
    );
  }

  /** The same where nobody waits for it. */
  offerInBackground(read: AlertRoutesRead, setBy: string): void {
    try {
      this.offer(read, setBy);
    } catch (error) {
      this.#noteUntaken(error);
    }
  }
  #noteUntaken(error: unknown): void {
    this.#core.alert('ALERT_ROUTES_REFUSED', `the alert routes could not be taken: ${String(error)}`);
  }

  #enforce(routes: AlertRoutesDocument, setBy: string, looser: readonly string[]): void {
    const before = this.#inForce;
    // In one transaction with them, and before them: it goes to those that were told until now.
    if (before !== null)
      this.#core.alert('ALERT_ROUTES_CHANGED', describeChange(before.hash, routes.hash, setBy, looser));
    this.#core.append('alert_routes', {
      action: 'in_force',
      detail: null,
      hash: routes.hash,
      routes: routes.spec,
      set_by: setBy,
    });
    this.#pending = null;
    this.#core.begin(onDisk()).onEnd((end) => {
      if (end.kind === 'failed') this.#noteUntaken(end.error);
      else this.#core.ports.log.info({ hash: routes.hash, setBy }, 'alert routes in force');
    });
  }

  /** An operator puts the pending routes in force, naming their hash. */
  accept(hash: string | null, setBy: string): ReloadOutcome {
    const pending = this.#pending;
    if (pending === null) {
      const inForce = this.#inForce?.hash ?? null;
      if (inForce !== null && (hash === null || hash === inForce)) return { status: 'in_force', hash: inForce };
      const message = hash === null ? 'there are no alert routes' : `no alert routes with hash ${hash} are pending`;
      return { status: 'refused', message, pending_hash: null };
    }
    const { looser, notBeforeMs, routes } = pending;
    const waits = {
      status: 'pending',
      hash: routes.hash,
      looser,
      not_before_ms: this.#core.state.time.venueMsOf(notBeforeMs),
    } as const;
    if (hash === null) return waits;
    if (hash !== routes.hash)
      return {
        status: 'refused',
        message: `the pending alert routes are ${routes.hash}, not ${hash}`,
        pending_hash: routes.hash,
      };
    if (this.#differs) return heldNoMore('the file of alert routes', hash);
    if (notBeforeMs !== null && this.#core.passedMs() < notBeforeMs) return waits;
    this.#enforce(routes, setBy, looser);
    return { status: 'in_force', hash };
  }
}

function describeChange(before: string, after: string, setBy: string, looser: readonly string[]): string {
  const who = setBy === 'start' || setBy === 'file' ? `the file of alert routes, at ${describeMoment(setBy)}` : setBy;
  const what = looser.length === 0 ? 'nothing is looser' : `looser: ${looser.join('; ')}`;
  return `${who} put alert routes ${after.slice(0, 12)} in the place of ${before.slice(0, 12)}; ${what}`;
}
const describeMoment = (setBy: 'start' | 'file'): string => (setBy === 'start' ? 'a start' : 'its change');
