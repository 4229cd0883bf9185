import type { AlertRoutesSpec } from '../../contract/alerts.ts';
import type { ReadinessBody } from '../../contract/types/operator.ts';
import { profileOf } from '../../core/venues.ts';
import type { LiveCore } from '../flow/core.ts';
import { GuardedFile } from './loosening-delay.ts';

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

/** Which alert routes are in force: what drops or weakens a route, or tells others, is looser. */
export class AlertRoutesControl extends GuardedFile<AlertRoutesDocument> {
  readonly #compare: CompareAlertRoutes;

  constructor(core: LiveCore, compare: CompareAlertRoutes) {
    super(core, {
      noun: 'alert routes',
      are: 'are',
      file: 'the file of alert routes',
      pending: 'ALERT_ROUTES_PENDING',
      refused: 'ALERT_ROUTES_REFUSED',
      waits: (hash, detail) =>
        `looser alert routes (${hash}) wait for an operator: ${detail}. Accept them: ./holdfast alerts reload ${hash}`,
    });
    this.#compare = compare;
  }

  get pending(): ReadinessBody['pending_alert_routes'] {
    return this.waiting && this.describe(this.waiting);
  }
  get #routes() {
    return this.core.state.outbox.routes;
  }
  protected get inForce(): string | null {
    return this.#routes?.hash ?? null;
  }

  /** A file was saved, or found at a start. */
  offer(read: AlertRoutesRead, setBy: string): void {
    this.differs = !read.ok;
    if (!read.ok) {
      this.refuse('the alert routes are not usable, the old ones stay', read.problem);
      return;
    }
    this.error = null;
    const { routes } = read;
    const inForce = this.#routes;
    if (inForce?.hash === routes.hash) {
      this.waiting = null;
      return;
    }
    const looser = inForce?.routes ? this.#compare(routes.spec, inForce.routes) : [];
    if (looser.length === 0) {
      this.put(routes, setBy);
      return;
    }
    const isLive = profileOf(this.core.settings.venue).isRealMoney;
    const notBeforeMs = isLive ? this.core.passedMs() + this.core.policySpec.loosen_delay_ms : null;
    this.hold(routes, looser, notBeforeMs, setBy);
  }
  offerInBackground(read: AlertRoutesRead, setBy: string): void {
    this.inBackground(() => this.offer(read, setBy));
  }

  protected record(
    action: 'in_force' | 'pending',
    { hash, spec }: AlertRoutesDocument,
    detail: string | null,
    setBy: string,
  ): void {
    const routes = action === 'in_force' ? spec : null;
    this.core.append('alert_routes', { action, detail, hash, routes, set_by: setBy });
  }
  protected enforce(routes: AlertRoutesDocument, setBy: string, looser: readonly string[]): void {
    const before = this.inForce;
    // In one transaction with them, and before them: it goes to those that were told until now.
    if (before !== null) this.core.alert('ALERT_ROUTES_CHANGED', describeChange(before, routes.hash, setBy, looser));
    this.record('in_force', routes, null, setBy);
  }
}

function describeChange(before: string, after: string, setBy: string, looser: readonly string[]): string {
  const who = setBy === 'start' || setBy === 'file' ? `the file of alert routes, at ${describeMoment(setBy)}` : setBy;
  const what = looser.length === 0 ? 'nothing is looser' : `looser: ${looser.join('; ')}`;
  return `${who} put alert routes ${after.slice(0, 12)} in the place of ${before.slice(0, 12)}; ${what}`;
}
const describeMoment = (setBy: 'start' | 'file'): string => (setBy === 'start' ? 'a start' : 'its change');
