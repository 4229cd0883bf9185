import { useState } from 'preact/hooks';
import icon from '../icon.svg';
import { describeFault } from './api.ts';
import { isAnyKnown, signedOutBecause, signIn, signInByPasskey } from './session.ts';
import { TokenField } from './token-field.tsx';
import { hasPasskeys } from './webauthn.ts';

export function SignIn() {
  const [token, setToken] = useState('');
  const [fault, setFault] = useState<string | null>(signedOutBecause.value);
  const [isSending, setSending] = useState(false);
  const enter = async (event: Event, open: () => Promise<void>): Promise<void> => {
    event.preventDefault();
    setSending(true);
    try {
      await open();
    } catch (failure) {
      setFault(describeFault(failure));
    } finally {
      setToken('');
      setSending(false);
    }
  };
  return (
    <main class="sign-in">
      <form onSubmit={(event) => enter(event, () => signIn(token.trim()))} autocomplete="off">
        <h1>
          <img src={icon} alt="" width={36} height={36} /> Holdfast
        </h1>
        <TokenField label="Operator token" value={token} onInput={setToken} fault={fault} />
        <button type="submit" class="primary" disabled={isSending}>
          Look
        </button>
        {hasPasskeys ? (
          <button type="button" disabled={isSending} onClick={(event) => enter(event, signInByPasskey)}>
            Use a passkey
          </button>
        ) : null}
        <p class="dim">
          The daemon proves itself first; the page sends the token under a mask that this daemon alone takes off. It
          opens a session of eight hours that looks, halts and reduces. Every other act asks for the token or a passkey
          again. On paper the token lies in <code>tokens/operator.token</code> of the daemon’s home, which is{' '}
          <code>~/.holdfast</code> unless set.
        </p>
        {hasPasskeys && !isAnyKnown() ? (
          <p class="dim">
            In a page that was just opened only a passkey that its authenticator lists by itself is found. The token
            opens it otherwise; after that, this page knows your passkeys until it is closed.
          </p>
        ) : null}
      </form>
    </main>
  );
}
