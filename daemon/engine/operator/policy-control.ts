import type { ReadinessBody } from '../../contract/types/operator.ts';
import type { PolicyBody, ReloadOutcome } from '../../contract/types/policy.ts';
import type { IntendedPolicySpec, LooserKey } from '../../core/policy.ts';
import { profileOf } from '../../core/venues.ts';
import type { LiveCore } from '../flow/core.ts';
import { onDisk } from '../flow/step.ts';
import { heldNoMore } from './loosening-delay.ts';

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

interface PendingPolicy {
  readonly policy: PolicyDocument;
  readonly looser: readonly string[];
  /** By `t`. */
  readonly notBeforeMs: number | null;
  /** Names of the passkeys that have accepted it, by their ids. A restart forgets them: they are asked again. */
  readonly signers: Map<string, string>;
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

/**
 * Which policy is in force. A saved file takes effect at once only where it is not looser than the one in force; a
 * looser one waits for an operator, a bad one changes nothing, both loudly (DESIGN section 4, BY-26, BY-33).
 */
export class PolicyControl {
  readonly #core: LiveCore;
  readonly #port: PolicyPort;
  #pending: PendingPolicy | null = null;
  #error: string | null = null;
  /** The file as it was last read is another than the pending one: not usable, or gone. */
  #differs = false;

  constructor(core: LiveCore, port: PolicyPort) {
    this.#core = core;
    this.#port = port;
  }

  get error(): string | null {
    return this.#error;
  }
  get pending(): ReadinessBody['pending_policy'] {
    if (this.#pending === null) return null;
    const { policy, looser, notBeforeMs } = this.#pending;
    const beginsMs = this.#core.state.time.venueMsOf(notBeforeMs);
    return { hash: policy.hash, looser, not_before_ms: beginsMs, file_differs: this.#differs, ...this.#progress() };
  }

  /** A file was saved (or could not be read: `problem`). */
  offer(read: PolicyRead | { readonly ok: false; readonly problem: string }, setBy: string): ReloadOutcome {
    this.#differs = true;
    if (!read.ok) {
      const detail =
        'problem' in read
          ? read.problem
          : read.violations.map(({ path, message }) => `${path === '' ? '(document)' : path}: ${message}`).join('; ');
      this.#error = detail;
      this.#core.alert('POLICY_REFUSED', `the policy file is not usable, the old policy stays in force: ${detail}`);
      return { status: 'refused', message: detail, pending_hash: this.pending?.hash ?? null };
    }
    this.#error = null;
    const candidate = read.policy;
    const inForce = { spec: this.#core.policySpec, hash: this.#core.policyHash };
    if (candidate.hash === inForce.hash) {
      this.#pending = null;
      return { status: 'in_force', hash: candidate.hash };
    }
    const verdict = this.#port.compare(candidate, inForce, this.#core.nowMs());
    switch (verdict.action) {
      case 'in_force':
        this.#enforce(candidate, setBy);
        return { status: 'in_force', hash: candidate.hash };
      case 'pending': {
        this.#differs = false;
        const looser = verdict.looser.map(describeLooser);
        if (this.#pending?.policy.hash !== candidate.hash) {
          const { not_before_ms: beginsMs = null } = verdict;
          const notBeforeMs = beginsMs === null ? null : this.#core.state.time.atNow(beginsMs);
          this.#pending = { policy: candidate, looser, notBeforeMs, signers: new Map() };
          this.#core.ports.ledger.putPolicy(candidate.spec);
          this.#core.append('policy', {
            action: 'pending',
            detail: looser.join('; '),
            hash: candidate.hash,
            name: candidate.spec.name,
            set_by: setBy,
          });
          this.#core.alert(
            'POLICY_PENDING',
            `a looser policy (${candidate.hash}) waits for an operator: ${looser.join('; ')}. Accept it: ./holdfast policy reload ${candidate.hash}`,
          );
        }
        return this.#describeWaiting(this.#pending);
      }
      case 'refused': {
        const detail = verdict.violations.map((violation) => `${violation.path}: ${violation.message}`).join('; ');
        this.#error = detail;
        this.#core.alert('POLICY_REFUSED', `the policy cannot run here, the old one stays in force: ${detail}`);
        return { status: 'refused', message: detail, pending_hash: this.pending?.hash ?? null };
      }
    }
  }

  /**
   * The same where nobody waits for it. RISK: a ledger that fails meanwhile has stopped the daemon, which still cancels
   * what would open: an error that nobody takes would end the process before that.
   */
  offerInBackground(read: Parameters<PolicyControl['offer']>[0], setBy: string): void {
    try {
      this.offer(read, setBy);
    } catch (error) {
      this.#noteUntaken(error);
    }
  }
  #noteUntaken(error: unknown): void {
    this.#core.alert('POLICY_REFUSED', `the policy could not be taken, the old one stays in force: ${String(error)}`);
  }

  #enforce(policy: PolicyDocument, setBy: string): void {
    this.#core.ports.ledger.putPolicy(policy.spec);
    this.#core.append('policy', {
      action: 'in_force',
      detail: null,
      hash: policy.hash,
      name: policy.spec.name,
      set_by: setBy,
    });
    this.#core.usePolicy(policy);
    this.#pending = null;
    this.#core.begin(onDisk()).onEnd((end) => {
      if (end.kind === 'failed') this.#noteUntaken(end.error);
      else this.#core.ports.log.info({ policy: policy.spec.name, hash: policy.hash, setBy }, 'policy in force');
    });
  }

  /**
   * An operator puts the pending policy in force, naming its hash so that it is the one they looked at.
   *
   * @param passkeyId of the passkey that signed this call; null: a token made it
   */
  accept(hash: string | null, setBy: string, passkeyId: string | null): ReloadOutcome {
    const pending = this.#pending;
    if (pending === null) {
      if (hash === null || hash === this.#core.policyHash) return { status: 'in_force', hash: this.#core.policyHash };
      return { status: 'refused', message: `no policy with hash ${hash} is pending`, pending_hash: null };
    }
    if (hash === null) return this.#describeWaiting(pending);
    if (hash !== pending.policy.hash) {
      const pendingHash = pending.policy.hash;
      return {
        status: 'refused',
        message: `the pending policy is ${pendingHash}, not ${hash}`,
        pending_hash: pendingHash,
      };
    }
    if (this.#differs) return heldNoMore('the policy file', hash);
    if (this.#quorum > 1) {
      // RISK: a token lies in a file; one that is read there must not stand for several people.
      if (passkeyId === null)
        return {
          status: 'refused',
          message: `approvals.quorum: ${this.#quorum} different passkeys must accept it, and a token is none: use the console`,
          pending_hash: hash,
        };
      this.#sign(pending, passkeyId, setBy);
      if (this.#signersInForce().length < this.#quorum) return this.#describeWaiting(pending);
    }
    if (pending.notBeforeMs !== null && this.#core.passedMs() < pending.notBeforeMs)
      return this.#describeWaiting(pending);
    this.#enforce(pending.policy, setBy);
    return { status: 'in_force', hash };
  }

  /** How many passkeys must accept a looser policy: what the policy in force says of approvals, where money is. */
  get #quorum(): number {
    return profileOf(this.#core.settings.venue).isRealMoney ? (this.#core.policySpec.approvals?.quorum ?? 1) : 1;
  }
  /** Each passkey once, and none that was removed since. */
  #signersInForce(): readonly string[] {
    const { passkeys } = this.#core.state;
    return [...(this.#pending?.signers ?? [])].filter(([id]) => passkeys.find(id) !== null).map(([, name]) => name);
  }
  #progress(): { readonly accepted_by?: readonly string[]; readonly quorum?: number } {
    return this.#quorum > 1 ? { accepted_by: this.#signersInForce(), quorum: this.#quorum } : {};
  }
  #describeWaiting({ looser, notBeforeMs, policy }: PendingPolicy): ReloadOutcome {
    const beginsMs = this.#core.state.time.venueMsOf(notBeforeMs);
    return { status: 'pending', hash: policy.hash, looser, not_before_ms: beginsMs, ...this.#progress() };
  }
  #sign(pending: PendingPolicy, passkeyId: string, name: string): void {
    if (pending.signers.has(passkeyId)) return;
    const { hash, spec } = pending.policy;
    const signed = { action: 'signed', detail: passkeyId, hash, name: spec.name, set_by: name } as const;
    this.#core.append('policy', signed);
    pending.signers.set(passkeyId, name);
  }

  describe(): PolicyBody {
    return {
      hash: this.#core.policyHash,
      name: this.#core.policySpec.name,
      pending: this.pending,
      policy: this.#core.policySpec,
    };
  }
}
