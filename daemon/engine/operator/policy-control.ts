import type { ReadinessBody } from '../../contract/types/operator.ts';
import type { PolicyBody, ReloadOutcome } from '../../contract/types/policy.ts';
import type { IntendedPolicySpec, LooserKey } from '../../core/policy.ts';
import { profileOf } from '../../core/venues.ts';
import type { LiveCore } from '../flow/core.ts';
import { GuardedFile } from './loosening-delay.ts';

export interface PolicyDocument {
  readonly spec: IntendedPolicySpec;
  readonly hash: string;
}
export interface PolicyProblem {
  readonly path: string;
  readonly message: string;
  readonly value?: unknown;
  readonly allowed?: string;
}
export type PolicyRead =
  | { readonly ok: true; readonly policy: PolicyDocument; readonly warnings: readonly PolicyProblem[] }
  | { readonly ok: false; readonly violations: readonly PolicyProblem[] };
export type ReloadVerdict =
  | { readonly action: 'in_force' }
  | {
      readonly action: 'pending';
      readonly looser: readonly LooserKey[];
      readonly not_before_ms?: number;
    }
  | { readonly action: 'refused'; readonly violations: readonly PolicyProblem[] };
/** What the venue says of a symbol, in the scope or not, for checks of policies. */
export interface SymbolAtVenue {
  readonly smallest_order_usdt: number | null;
  readonly closed: string | null;
}
/** Reading and comparing policy documents (daemon/policy implements it). */
export interface PolicyPort {
  /** `venue`: what is known of a symbol there. */
  parse(text: string, venue: (symbol: string) => SymbolAtVenue): PolicyRead;
  compare(candidate: PolicyDocument, inForce: PolicyDocument, nowMs: number): ReloadVerdict;
}

const MAX_VALUE_CHARACTERS = 120;

/** One line for an operator: `budgets.leverage: 3 -> 4 (larger allows more)`; long values are cut. */
export function describeLooser(key: LooserKey): string {
  return `${describeChange(key)} (${key.why})`;
}

export function describeChange({ path, from, to }: Omit<LooserKey, 'why'>): string {
  return `${path}: ${showValue(from)} -> ${showValue(to)}`;
}

function showValue(value: unknown): string {
  const text = JSON.stringify(value) ?? 'absent';
  return text.length > MAX_VALUE_CHARACTERS ? `${text.slice(0, MAX_VALUE_CHARACTERS)}…` : text;
}

/** Which policy is in force, both loudly said: a looser one waits, a bad one changes nothing (DESIGN section 4). */
export class PolicyControl extends GuardedFile<PolicyDocument> {
  readonly #port: PolicyPort;

  constructor(core: LiveCore, port: PolicyPort) {
    super(core, {
      noun: 'policy',
      are: 'is',
      file: 'the policy file',
      pending: 'POLICY_PENDING',
      refused: 'POLICY_REFUSED',
      waits: (hash, detail) =>
        `a looser policy (${hash}) waits for an operator: ${detail}. Accept it: ./holdfast policy reload ${hash}`,
    });
    this.#port = port;
  }

  get pending(): ReadinessBody['pending_policy'] {
    return this.waiting && this.describe(this.waiting);
  }
  protected get inForce(): string {
    return this.core.policyHash;
  }

  /** A file was saved (or could not be read: `problem`). */
  offer(read: PolicyRead | { readonly ok: false; readonly problem: string }, setBy: string): void {
    this.differs = true;
    if (!read.ok) {
      const detail = 'problem' in read ? read.problem : describeProblems(read.violations);
      this.refuse('the policy file is not usable, the old policy stays in force', detail);
      return;
    }
    this.error = null;
    const { policy } = read;
    const { policyHash: hash, policySpec: spec } = this.core;
    if (policy.hash === hash) {
      this.waiting = null;
      return;
    }
    const verdict = this.#port.compare(policy, { spec, hash }, this.core.nowMs());
    switch (verdict.action) {
      case 'in_force':
        this.put(policy, setBy);
        return;
      case 'pending': {
        this.differs = false;
        const { looser, not_before_ms: beginsMs = null } = verdict;
        const notBeforeMs = beginsMs === null ? null : this.core.state.time.atNow(beginsMs);
        this.hold(policy, looser.map(describeLooser), notBeforeMs, setBy);
        return;
      }
      case 'refused':
        this.refuse('the policy cannot run here, the old one stays in force', describeProblems(verdict.violations));
    }
  }
  offerInBackground(read: Parameters<PolicyControl['offer']>[0], setBy: string): void {
    this.inBackground(() => this.offer(read, setBy));
  }

  protected record(
    action: 'in_force' | 'pending' | 'signed',
    { hash, spec }: PolicyDocument,
    detail: string | null,
    setBy: string,
  ): void {
    if (action !== 'signed') this.core.ports.ledger.putPolicy(spec);
    this.core.append('policy', { action, detail, hash, name: spec.name, set_by: setBy });
  }
  protected enforce(policy: PolicyDocument, setBy: string): void {
    this.record('in_force', policy, null, setBy);
    this.core.usePolicy(policy);
  }

  protected override findHindrance(hash: string, setBy: string, passkeyId: string | null): ReloadOutcome | null {
    const refused = (message: string): ReloadOutcome => ({ status: 'refused', message, pending_hash: hash });
    const { waiting } = this;
    if (this.#quorum <= 1 || waiting === null) return null;
    // RISK: a token lies in a file; one that is read there must not stand for several people.
    if (passkeyId === null)
      return refused(
        `approvals.quorum: ${this.#quorum} different passkeys must accept it, and a token is none: use the console`,
      );
    if (!waiting.signers.has(passkeyId)) {
      this.record('signed', waiting.document, passkeyId, setBy);
      waiting.signers.set(passkeyId, setBy);
    }
    return this.#signersInForce(waiting).length < this.#quorum
      ? { status: 'pending', ...this.describe(waiting) }
      : null;
  }

  /** How many passkeys must accept a looser policy: what the policy in force says of approvals, where money is. */
  get #quorum(): number {
    return profileOf(this.core.settings.venue).isRealMoney ? (this.core.policySpec.approvals?.quorum ?? 1) : 1;
  }
  /** Each passkey once, and none that was removed since. */
  #signersInForce({ signers }: NonNullable<PolicyControl['waiting']>): readonly string[] {
    const { passkeys } = this.core.state;
    return [...signers].filter(([id]) => passkeys.find(id) !== null).map(([, name]) => name);
  }
  protected override describe(waiting: NonNullable<PolicyControl['waiting']>) {
    const progress = this.#quorum > 1 ? { accepted_by: this.#signersInForce(waiting), quorum: this.#quorum } : {};
    return { ...super.describe(waiting), ...progress };
  }

  read(): PolicyBody {
    const { policyHash: hash, policySpec: policy } = this.core;
    return { hash, name: policy.name, pending: this.pending, policy };
  }
}

function describeProblems(violations: readonly PolicyProblem[]): string {
  return violations.map(({ path, message }) => `${path === '' ? '(document)' : path}: ${message}`).join('; ');
}
