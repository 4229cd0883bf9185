import { signal } from '@preact/signals';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { PasskeyBody } from '../../contract/types/passkeys.ts';
import { done } from '../acts/act.tsx';
import { SignedText, TargetLine } from '../acts/signed-text.tsx';
import { actByToken, askToSign } from '../acts/signing.ts';
import { clock } from '../format.ts';
import { markDirty } from '../state/store.ts';
import { describeFault } from './api.ts';
import type { TokenKey } from './proof.ts';
import { proveByToken, requireText } from './session.ts';
import { TokenField } from './token-field.tsx';
import { createKey, type Options, signWith } from './webauthn.ts';

interface Confirm {
  readonly text: string;
  readonly options: Options;
}
interface Enrolled {
  readonly passkey: PasskeyBody | null;
  readonly confirm: Confirm | null;
}
/** A key that is made, and waits for the signature of another one. */
interface Made {
  /** Null: a remote console has made it. */
  readonly credential: unknown;
  /** Where, and what that shows. */
  readonly remote: RemoteKey | null;
  readonly confirm: Confirm;
}
interface RemoteKey {
  readonly origin: string;
  readonly words: string;
}
export const isEnrolling = signal(false);

/** Enrols a passkey, with the code of the daemon's user and the operator token. Neither is kept. */
export function EnrolDialog() {
  return isEnrolling.value ? <OpenDialog /> : null;
}

function OpenDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [code, setCode] = useState('');
  const [token, setToken] = useState('');
  const [made, setMade] = useState<Made | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);
  const [title, effect] = [useId(), useId()];
  useEffect(() => dialog.current?.showModal(), []);
  const close = (): void => {
    isEnrolling.value = false;
  };
  const finish = ({ name, state, effective_at_ms: fromMs }: PasskeyBody): void => {
    done.value = `The passkey ${name} is enrolled${state === 'waiting' ? ` and counts from ${clock(fromMs)} on` : ''}.`;
    markDirty('passkeys', 'alerts');
    close();
  };
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isSending) return;
    setSending(true);
    setFault(null);
    try {
      const [key] = await proveByToken(token.trim());
      const { passkey, next } = await enrol({ code: code.trim(), key, made });
      if (passkey === null) setMade(next);
      else finish(passkey);
    } catch (failure) {
      setMade(null);
      setFault(describeFault(failure));
    } finally {
      setSending(false);
    }
  };
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby={title} aria-describedby={effect}>
      <form onSubmit={send} autocomplete="off">
        <h2 id={title}>Enrol a passkey</h2>
        <p id={effect} class="effect">
          It may sign in here, confirm acts and sign approvals. On binance-live it counts for nothing until the policy’s
          delay is over. <code>./holdfast passkey enrol NAME</code> prints the code, for the daemon’s own user. Another
          passkey has to sign a further one. With <code>--origin</code> a phone makes the key, there and first.
        </p>
        <label>
          One-time code
          <input
            name="code"
            required
            minLength={10}
            maxLength={16}
            autocomplete="off"
            spellcheck={false}
            value={code}
            onInput={(event) => setCode(event.currentTarget.value)}
          />
        </label>
        <TokenField
          label="Operator token"
          value={token}
          onInput={setToken}
          fault={fault === null ? null : `${fault} Nothing was enrolled.`}
        />
        <TargetLine />
        {made === null ? null : (
          <p role="status">
            The new passkey is made. Now one that is in force has to sign it.
            {made.remote === null ? null : <Compare remote={made.remote} />}
          </p>
        )}
        <SignedText text={made?.confirm.text ?? null} />
        <div class="buttons">
          <button type="button" onClick={close}>
            Leave it
          </button>
          <button type="submit" class="primary" disabled={isSending}>
            {isSending ? 'Waiting…' : made === null ? 'Make the passkey' : 'Sign with one in force'}
          </button>
        </div>
      </form>
    </dialog>
  );
}

function Compare({ remote: { origin, words } }: { readonly remote: RemoteKey }) {
  return (
    <>
      {' '}
      It was made at {origin}. Sign only if that page shows <code class="words">{words}</code>
    </>
  );
}

/** One press of the button: makes the key, or has the one that is made signed. */
async function enrol(given: {
  readonly code: string;
  readonly key: TokenKey;
  readonly made: Made | null;
}): Promise<{ readonly passkey: PasskeyBody | null; readonly next: Made | null }> {
  const { code, key, made } = given;
  const begun = made === null ? await begin(key, code) : null;
  const remote = made?.remote ?? begun?.made ?? null;
  const credential = made?.credential ?? (begun?.options ? await createKey(begun.options) : null);
  const body = {
    code,
    ...(credential === null ? {} : { credential }),
    ...(made === null ? {} : { confirmation: await signWith(made.confirm.options) }),
  };
  const { passkey, confirm } = await post<Enrolled>(key, '/v1/passkeys', body);
  if (confirm !== null) await requireText(confirm.text, confirm.options);
  return { passkey, next: confirm === null ? null : { credential, remote, confirm } };
}

const begin = (key: TokenKey, code: string) =>
  post<{ readonly options: Options | null; readonly made: RemoteKey | null }>(key, '/v1/passkeys/enrolment', { code });

const post = async <T,>(key: TokenKey, path: string, body: unknown): Promise<T> =>
  actByToken<T>(await askToSign({ method: 'POST', path, body }), key);
