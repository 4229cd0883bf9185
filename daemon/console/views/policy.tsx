import { useState } from 'preact/hooks';
import type { ArmingBody, PolicyCheckBody } from '../../gate/api/policy.ts';
import { openAcceptPolicy, openSignArming } from '../acts.ts';
import { ask, describeFault } from '../api.ts';
import { clock } from '../format.ts';
import { Panel, Pill } from '../parts.tsx';
import { session } from '../session.ts';
import { policy } from '../store.ts';

/** The policy in force, the one that waits, and a place to try another. */
export function PolicyPanel() {
  const body = policy.value;
  const pending = body?.pending ?? null;
  return (
    <Panel
      title="Policy"
      name="policy"
      note={pending === null ? 'in force' : <Pill kind="reducing">one is pending</Pill>}
    >
      <dl class="facts">
        <dt>In force</dt>
        <dd>
          {body?.name ?? '–'} <code>{body?.hash.slice(0, 12)}</code>
        </dd>
      </dl>
      {body?.arming === undefined ? null : <Arming arming={body.arming} />}
      {pending === null ? null : (
        <div class="pending">
          <p>
            A looser policy <code>{pending.hash.slice(0, 12)}</code> waits for an operator
            {pending.not_before_ms === null ? '' : `, no earlier than ${clock(pending.not_before_ms)}`}.{' '}
            {pending.quorum === undefined
              ? ''
              : `Accepted by ${pending.accepted_by?.join(', ') || 'nobody yet'}; ${pending.quorum} passkeys must. `}
            {pending.file_differs ? 'The policy file holds something else by now. ' : ''}It allows more in:
          </p>
          <ul>
            {pending.looser.map((line) => (
              <li key={line}>
                <code>{line}</code>
              </li>
            ))}
          </ul>
          <button type="button" class="primary" onClick={() => openAcceptPolicy(pending)}>
            Accept…
          </button>
        </div>
      )}
      <details>
        <summary>Every key in force</summary>
        <pre class="scroll tall" tabIndex={0} role="region" aria-label="Policy in force, text">
          {JSON.stringify(body?.policy ?? {}, null, 2)}
        </pre>
      </details>
      <details>
        <summary>Check a policy file</summary>
        <Draft />
      </details>
    </Panel>
  );
}

/** What permits live trading, and who signed it. */
function Arming({ arming }: { readonly arming: ArmingBody }) {
  const waits = arming.signed_by.length < arming.quorum;
  return (
    <div class={arming.problem === null ? '' : 'pending'}>
      <p>
        Armed by {arming.set_by} for <code>{arming.policy_hash.slice(0, 12)}</code>, from{' '}
        {clock(arming.effective_at_ms)} to {clock(arming.expires_at_ms)}.{' '}
        {arming.quorum > 1
          ? `Signed by ${arming.signed_by.join(', ') || 'nobody yet'}; ${arming.quorum} passkeys must. `
          : ''}
        {arming.problem === null ? '' : `Nothing opens: ${arming.problem}.`}
      </p>
      {waits && arming.quorum > 1 ? (
        <button type="button" class="primary" onClick={() => openSignArming(arming)}>
          Sign…
        </button>
      ) : null}
    </div>
  );
}

const CHECK_AFTER_MS = 400;
let checking: ReturnType<typeof setTimeout> | undefined;

/** Checked while it is typed; nothing is put in force from here: a policy is a file. */
function Draft() {
  const [result, setResult] = useState<PolicyCheckBody | string | null>(null);
  const check = (text: string): void => {
    clearTimeout(checking);
    if (text.trim() === '') {
      setResult(null);
      return;
    }
    checking = setTimeout(() => {
      ask<PolicyCheckBody>('POST', '/v1/policy/check', { bearer: session.value?.session ?? '', text }).then(
        setResult,
        (error: unknown) => setResult(describeFault(error)),
      );
    }, CHECK_AFTER_MS);
  };
  return (
    <div class="draft">
      <label>
        YAML of a policy; it is checked as you type, and nothing is put in force
        <textarea rows={8} spellcheck={false} onInput={(event) => check(event.currentTarget.value)} />
      </label>
      <div role="status">
        {result === null ? null : typeof result === 'string' ? (
          <p class="fault">{result}</p>
        ) : result.ok ? (
          <p>
            Valid, <code>{result.hash.slice(0, 12)}</code>;{' '}
            {result.looser.length === 0 ? 'it allows nothing more.' : `looser in ${result.looser.join('; ')}.`}{' '}
            {result.warnings.join(' ')}
          </p>
        ) : (
          <ul class="violations">
            {result.violations.map((violation) => (
              <li key={`${violation.path} ${violation.message}`}>
                <code>{violation.path}</code> {violation.message}
              </li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}
