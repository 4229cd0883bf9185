import { useState } from 'preact/hooks';
import icon from '../icon.svg';
import { ask, describeFault } from './api.ts';
import { signedOutBecause, signInByPasskey } from './session.ts';
import { createKey, hasPasskeys, type Options } from './webauthn.ts';

/** The sign-in of a phone: a passkey, and nothing that could be typed in its place. */
export function RemoteSignIn() {
  const [fault, setFault] = useState<string | null>(signedOutBecause.value);
  const [isSending, setSending] = useState(false);
  const enter = async (): Promise<void> => {
    setSending(true);
    setFault(null);
    try {
      await signInByPasskey();
    } catch (failure) {
      setFault(describeFault(failure));
    } finally {
      setSending(false);
    }
  };
  return (
    <main class="sign-in">
      <section>
        <h1>
          <img src={icon} alt="" width={36} height={36} /> Holdfast
        </h1>
        {fault === null ? null : (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
        {hasPasskeys ? (
          <button type="button" class="primary" disabled={isSending} onClick={enter}>
            Use a passkey
          </button>
        ) : (
          <p class="fault">This browser has no passkeys, and nothing else signs in here.</p>
        )}
        <p class="dim">
          It opens a session of eight hours that looks, halts and reduces. To approve or deny asks for the passkey
          again. Type no token here: nothing of the daemon asks for one.
        </p>
        <details>
          <summary>This phone has no passkey yet</summary>
          <MakeKey />
        </details>
      </section>
    </main>
  );
}

interface Made {
  readonly name: string;
  readonly words: string;
}

/** Makes a key with the code of the daemon's user. It counts for nothing before the console at the machine enrols it. */
function MakeKey() {
  const [code, setCode] = useState('');
  const [made, setMade] = useState<Made | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);
  const make = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isSending) return;
    setSending(true);
    setFault(null);
    try {
      const given = { code: code.trim() };
      const { options } = await ask<{ readonly options: Options }>('POST', '/v1/console/enrolment', { body: given });
      const body = { ...given, credential: await createKey(options) };
      setMade(await ask<Made>('POST', '/v1/console/enrolment/key', { body }));
    } catch (failure) {
      setFault(describeFault(failure));
    } finally {
      setSending(false);
    }
  };
  if (made !== null)
    return (
      <p role="status">
        The passkey {made.name} is made. Enrol it in the console at the machine, with the same code, if that shows{' '}
        <code class="words">{made.words}</code>
      </p>
    );
  return (
    <form onSubmit={make} autocomplete="off">
      <label>
        One-time code
        <input
          name="code"
          required
          minLength={10}
          maxLength={16}
          autocomplete="off"
          autocapitalize="characters"
          spellcheck={false}
          value={code}
          onInput={(event) => setCode(event.currentTarget.value)}
        />
      </label>
      {fault === null ? null : (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      <p class="dim">
        <code>./holdfast passkey enrol NAME --origin {location.origin}</code> prints it, on the machine.
      </p>
      <button type="submit" disabled={isSending || !hasPasskeys}>
        {isSending ? 'Waiting…' : 'Make the passkey'}
      </button>
    </form>
  );
}
