import type { RefObject } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { describeFault } from './api.ts';
import { proveByToken } from './session.ts';
import { SignedText, TargetLine } from './signed-text.tsx';
import { type ActRequest, actByPasskey, actByToken, askToSign, type SignableAct } from './signing.ts';
import { passkeys } from './store.ts';
import { TokenField } from './token-field.tsx';
import { hasPasskeys } from './webauthn.ts';

/** What a form needs to send something for which the session is not enough. */
export interface Consent {
  readonly form: RefObject<HTMLFormElement | null>;
  readonly token: string;
  readonly setToken: (token: string) => void;
  readonly fault: string | null;
  readonly isSending: boolean;
  readonly isForPasskeys: boolean;
  readonly mayUsePasskey: boolean;
  /** What is being signed; null: nothing was asked for yet, or the form has changed since. */
  readonly signing: SignableAct | null;
  readonly onChange: () => void;
  readonly submit: (event: Event, isByPasskey: boolean) => Promise<void>;
}

/** An act needs the operator token or a passkey again: the session can only look. Neither is kept. */
export function useConsent<Answer>(options: {
  /** No token does it. */
  readonly isForPasskeys: boolean;
  readonly request: () => ActRequest;
  readonly onDone: (answer: Answer) => void;
}): Consent {
  const form = useRef<HTMLFormElement>(null);
  const [token, setToken] = useState('');
  const [fault, setFault] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);
  const [signing, setSigning] = useState<SignableAct | null>(null);
  const mayUsePasskey = hasPasskeys && (passkeys.value?.passkeys ?? []).some((key) => key.state === 'in_force');
  const submit = async (event: Event, isByPasskey: boolean): Promise<void> => {
    event.preventDefault();
    // What is missing but the token is said where it is missing.
    const isComplete = form.current
      ?.querySelector<HTMLInputElement>('input:invalid:not([name=token])')
      ?.reportValidity();
    if (isSending || isComplete === false) return;
    setSending(true);
    setFault(null);
    try {
      if (isByPasskey) {
        // Whoever signs has seen the text before.
        if (signing === null) setSigning(await askToSign(options.request()));
        else options.onDone(await actByPasskey<Answer>(signing));
        return;
      }
      const [key] = await proveByToken(token.trim());
      const act = await askToSign(options.request());
      setSigning(act);
      options.onDone(await actByToken<Answer>(act, key));
    } catch (failure) {
      setFault(describeFault(failure));
      setToken('');
      setSigning(null);
    } finally {
      setSending(false);
    }
  };
  return {
    form,
    token,
    setToken,
    fault,
    isSending,
    isForPasskeys: options.isForPasskeys,
    mayUsePasskey,
    signing,
    onChange: () => setSigning(null),
    submit,
  };
}

/** The end of such a form: the token, or why none does it, and what is pressed. */
export function ConsentFields(props: {
  readonly consent: Consent;
  readonly confirm: string;
  /** The keyboard begins at the token. */
  readonly isUrgent?: boolean;
  readonly look: 'danger' | 'primary';
  readonly onLeave: () => void;
}) {
  const { fault, isForPasskeys, isSending, mayUsePasskey, setToken, signing, submit, token } = props.consent;
  return (
    <>
      <TargetLine />
      {isForPasskeys ? (
        <p class="fault" role="alert">
          {mayUsePasskey || fault !== null ? fault : 'No passkey is in force here.'}
        </p>
      ) : (
        <TokenField
          label="Operator token"
          value={token}
          autofocus={props.isUrgent === true}
          onInput={setToken}
          fault={fault === null ? null : `${fault} Nothing is known to have been done.`}
        />
      )}
      <SignedText text={signing?.text ?? null} digested={signing?.request.digested} />
      <div class="buttons">
        <button type="button" onClick={props.onLeave}>
          Leave it
        </button>
        {mayUsePasskey ? (
          <button type="button" disabled={isSending} onClick={(event) => submit(event, true)}>
            {signing === null || isSending ? 'Use a passkey' : 'Sign with the passkey'}
          </button>
        ) : null}
        {isForPasskeys ? null : (
          <button type="submit" class={props.look} disabled={isSending}>
            {isSending ? 'Sending…' : props.confirm}
          </button>
        )}
      </div>
    </>
  );
}
