import { useState } from 'preact/hooks';
import type { ArmingBody, PolicyCheckBody, PolicyPreview, PolicyPreviewBody } from '../../../contract/types/policy.ts';
import { openAcceptPolicy, openSignArming } from '../../acts/acts.ts';
import { clock, usdt, words } from '../../format.ts';
import { Panel, Pill } from '../../parts.tsx';
import { describeFault } from '../../session/api.ts';
import { isRemote } from '../../session/place.ts';
import { call } from '../../session/session.ts';
import { policy } from '../../state/store.ts';

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
            {pending.file_differs
              ? 'The policy file holds something else by now; it can be accepted once the file holds it again. '
              : ''}
            It allows more in:
          </p>
          <ul>
            {pending.looser.map((line) => (
              <li key={line}>
                <code>{line}</code>
              </li>
            ))}
          </ul>
          {isRemote() ? null : (
            <button type="button" class="primary" onClick={() => openAcceptPolicy(pending)}>
              Accept…
            </button>
          )}
        </div>
      )}
      <details>
        <summary>Every key in force</summary>
        <pre class="scroll tall" tabIndex={0} role="region" aria-label="Policy in force, text">
          {JSON.stringify(body?.policy ?? {}, null, 2)}
        </pre>
      </details>
      {isRemote() ? null : (
        <details>
          <summary>Check a policy file</summary>
          <Draft />
        </details>
      )}
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
      {waits && arming.quorum > 1 && !isRemote() ? (
        <button type="button" class="primary" onClick={() => openSignArming(arming)}>
          Sign…
        </button>
      ) : null}
    </div>
  );
}

const CHECK_AFTER_MS = 400;
/** Longer: a thread of the daemon decides a week again for it. */
const PREVIEW_AFTER_MS = 1_200;
let checking: ReturnType<typeof setTimeout> | undefined;
let previewing: ReturnType<typeof setTimeout> | undefined;
/** Counts what was typed: what comes back for an earlier text is dropped. */
let typed = 0;

type Preview = PolicyPreview | 'running' | { readonly fault: string } | null;

/** Checked while it is typed; nothing is put in force from here: a policy is a file. */
function Draft() {
  const [result, setResult] = useState<PolicyCheckBody | string | null>(null);
  const [preview, setPreview] = useState<Preview>(null);
  const post = <T,>(path: string, text: string): Promise<T> => call<T>('POST', path, { text });
  const look = async (text: string, mine: number): Promise<void> => {
    setPreview('running');
    const got = await post<PolicyPreviewBody>('/v1/policy/preview', text).then(
      (body): Preview => (body.ok ? body.preview : null),
      (error: unknown): Preview => ({ fault: describeFault(error) }),
    );
    if (mine === typed) setPreview(got);
  };
  const check = (text: string): void => {
    typed += 1;
    const mine = typed;
    clearTimeout(checking);
    clearTimeout(previewing);
    setPreview(null);
    if (text.trim() === '') {
      setResult(null);
      return;
    }
    checking = setTimeout(async () => {
      const found = await post<PolicyCheckBody>('/v1/policy/check', text).catch(describeFault);
      if (mine !== typed) return;
      setResult(found);
      if (typeof found !== 'string' && found.ok) previewing = setTimeout(() => void look(text, mine), PREVIEW_AFTER_MS);
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
        <WeekUnderIt preview={preview} />
      </div>
    </div>
  );
}

/** What the last seven days would have been under the text. */
function WeekUnderIt({ preview }: { readonly preview: Preview }) {
  if (preview === null) return null;
  if (preview === 'running') return <p class="dim">Deciding the last seven days again under it…</p>;
  if ('fault' in preview) return <p class="fault">{preview.fault}</p>;
  const {
    candidate,
    changes,
    examples,
    left_off_before_ms: leftOff,
    opening_notional_usdt: opened,
    recorded,
  } = preview;
  const changed = preview.requests - changes.unchanged;
  const kinds = (['blocked', 'let_through', 'cut', 'widened', 'restaged'] as const).filter((kind) => changes[kind] > 0);
  return (
    <div class="week" data-testid="week">
      <p>
        The last seven days under it: {changed} of {preview.requests} requests would have been decided otherwise
        {kinds.length === 0 ? '' : ` (${kinds.map((kind) => `${changes[kind]} ${words(kind)}`).join(', ')})`}. Opening
        orders permitted: {usdt(opened.recorded)} USDT then, {usdt(opened.candidate)} under it.
        {leftOff === null ? '' : ` Requests before ${clock(leftOff)} were left off.`}
        {preview.not_compared === 0 ? '' : ` ${preview.not_compared} could not be decided again.`}
      </p>
      <table aria-label="Outcomes then and under it">
        <thead>
          <tr>
            <th scope="col">Outcome</th>
            <th scope="col">Then</th>
            <th scope="col">Under it</th>
          </tr>
        </thead>
        <tbody>
          {(['ALLOW', 'LIMIT', 'BLOCK'] as const).map((verdict) => (
            <tr key={verdict}>
              <th scope="row">{verdict}</th>
              <td class="figure">{recorded[verdict]}</td>
              <td class="figure">{candidate[verdict]}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {examples.length === 0 ? null : (
        <ul>
          {examples.map((each) => (
            <li key={each.decision_id}>
              {clock(each.at_ms)} {each.agent} {each.symbol ?? ''}: {tell(each.recorded)} → {tell(each.candidate)}
            </li>
          ))}
        </ul>
      )}
      <details>
        <summary>What this cannot show</summary>
        <ul>
          {preview.caveats.map((caveat) => (
            <li key={caveat}>{caveat}</li>
          ))}
        </ul>
      </details>
    </div>
  );
}

function tell({ decision, notional_usdt: notional, reasons }: PolicyPreview['examples'][number]['recorded']): string {
  const size = notional === null ? '' : ` ${usdt(notional)} USDT`;
  return `${decision}${size}${reasons.length === 0 ? '' : ` (${reasons.join(', ')})`}`;
}
