import type { ArmingBody } from '../../contract/types/policy.ts';
import { armingQuorum, armingText } from '../../core/signed/arming.ts';
import type { LiveCore } from '../flow/core.ts';
import { ARMING_LAYER, checkArming, checkSignatures } from '../openings/arming.ts';
import { planProblemLayer } from '../protect/problem-layer.ts';
import type { Caller } from '../records/callers.ts';
import { OperatorRequestError } from './loosening-delay.ts';
import { PasskeyRefused, requireEnrolled } from './passkeys.ts';

/**
 * Whether live trading is armed: for this account, policy and version, for now, signed by as many passkeys as the
 * policy's quorum says, and on files that nobody else writes. While it is not, nothing opens. Signatures are of the arming's digest, and on record.
 */
export class ArmingControl {
  readonly #core: LiveCore;
  #isLive = false;
  #findFileProblem: () => string | null = () => null;

  constructor(core: LiveCore) {
    this.#core = core;
    core.onPolicyChange(() => this.review());
  }

  /** From now on an arming is needed. Sets the layer before anything can be opened, and tells each start that it is set. */
  begin(findFileProblem: () => string | null = () => null): void {
    this.#isLive = true;
    this.#findFileProblem = findFileProblem;
    const { problem } = this;
    if (!this.review() && problem !== null) this.#core.alert('NOT_ARMED', problem);
  }

  /** Why nothing may be opened; null: it is armed, or need not be. */
  get problem(): string | null {
    const core = this.#core;
    if (!this.#isLive) return null;
    const { account, version } = core.settings;
    const bound = { account, policyHash: core.policyHash, version };
    return (
      checkArming(core.state.arming, bound, core.nowMs()) ??
      checkSignatures({ quorum: this.#quorum, signed: core.state.armingSigners.size }) ??
      this.#findFileProblem()
    );
  }

  /**
   * Whether the layer changed. INVARIANT: in the turn of what changes it, so that nothing is decided under an arming that
   * is no longer good.
   */
  review(): boolean {
    const core = this.#core;
    if (!this.#isLive) return false;
    const { problem } = this;
    const layer = planProblemLayer(core.state.layers, ARMING_LAYER, problem);
    if (layer === null) return false;
    core.append('state', layer);
    if (problem !== null) core.alert('NOT_ARMED', problem);
    return true;
  }

  describe(): ArmingBody | null {
    const { arming, armingSigners } = this.#core.state;
    if (arming === null || !this.#isLive) return null;
    return {
      ...arming,
      digest: this.#digest(arming),
      problem: this.problem,
      quorum: this.#quorum,
      signed_by: [...armingSigners.values()],
    };
  }

  /**
   * @param passkeyId of the passkey that signed this call; null: a token made it
   * @throws what is refused
   */
  sign(caller: Caller, digest: string, passkeyId: string | null): ArmingBody {
    const core = this.#core;
    const { arming, armingSigners } = core.state;
    if (arming === null || !this.#isLive) throw new OperatorRequestError('there is no arming here to sign');
    if (digest !== this.#digest(arming))
      throw new OperatorRequestError(`the arming is ${this.#digest(arming)}, not ${digest}: look at it again`);
    // RISK: a token lies in a file; one that is read there must not stand for several people.
    if (passkeyId === null) throw new PasskeyRefused('a passkey signs an arming, and a token is none: use the console');
    requireEnrolled(core, passkeyId);
    if (!armingSigners.has(passkeyId)) {
      core.append('arming_signed', { digest, passkey_id: passkeyId, set_by: caller.agent });
      this.review();
    }
    const body = this.describe();
    if (body === null) throw new OperatorRequestError('there is no arming here any more');
    return body;
  }

  get #quorum(): number {
    return armingQuorum(this.#core.policySpec);
  }
  #digest(arming: object): string {
    const { ledger, sha256 } = this.#core.ports;
    return sha256(armingText(arming, ledger.genesis.genesis_id));
  }
}
