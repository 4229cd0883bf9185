import type { RefObject } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { ApiFault, describeFault } from '../session/api.ts';
import { isOfThisPage, isRemote } from '../session/place.ts';
import { call, proveByToken } from '../session/session.ts';
import { TokenField } from '../session/token-field.tsx';
import { hasPasskeys } from '../session/webauthn.ts';
import { passkeys } from '../state/store.ts';
import { SignedText, TargetLine } from './signed-text.tsx';
import { type ActRequest, actByPasskey, actByToken, askToSign, type SignableAct } from './signing.ts';

/** What a form needs to send something for which the session is not enough. */
export interface Consent {
  readonly form: RefObject<HTMLFormElement | null>;
  readonly token: string;
  readonly setToken: (token: string) => void;
  readonly fault: string | null;
  readonly isSending: boolean;
  readonly isForPasskeys: boolean;
  /** Neither token nor passkey is asked for. */
  readonly isSessionEnough: boolean;
  readonly mayUsePasskey: boolean;
  /** What is being signed; null: nothing was asked for yet, or the form has changed since. */
  readonly signing: SignableAct | null;
  readonly onChange: () => void;
  readonly submit: (event: Event, isByPasskey: boolean) => Promise<void>;
}

/** An act needs the operator token or a passkey again, unless it tightens. Neither is kept. */
export function useConsent<Answer>(options: {
  /** No token does it. */
  readonly isForPasskeys: boolean;
  /** The session is enough, unless the daemon says that it is not. */
  readonly isBySession?: boolean;
  readonly request: () => ActRequest;
  readonly onDone: (answer: Answer) => void;
}): Consent {
  const form = useRef<HTMLFormElement>(null);
  const [token, setToken] = useState('');
  const [fault, setFault] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);
  const [signing, setSigning] = useState<SignableAct | null>(null);
  const [isSessionEnough, setSessionEnough] = useState(options.isBySession === true);
  const isForPasskeys = options.isForPasskeys || isRemote();
  const mayUsePasskey =
    hasPasskeys &&
    (passkeys.value?.passkeys ?? []).some(({ origin, state }) => state === 'in_force' && isOfThisPage(origin));
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
      if (isSessionEnough) {
        const { body, method, path } = options.request();
        options.onDone(await call<Answer>(method, path, { body }));
        return;
      }
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
      // It would loosen, which a remote console does not.
      if (failure instanceof ApiFault && failure.status === 403 && !isRemote()) setSessionEnough(false);
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
    isForPasskeys,
    isSessionEnough,
    mayUsePasskey,
    signing,
    onChange: () => setSigning(null),
    submit,
  };
}

interface ConsentProps {
  readonly consent: Consent;
  readonly confirm: string;
  /** The keyboard begins at the end. */
  readonly isUrgent?: boolean;
  readonly look: 'danger' | 'primary';
  readonly onLeave: () => void;
}

/** The end of a form for which the session is enough. */
function SessionFields({ confirm, consent, isUrgent = false, look, onLeave }: ConsentProps) {
  return (
    <>
      <TargetLine />
      {consent.fault === null ? null : (
        <p class="fault" role="alert">
          {consent.fault}
        </p>
      )}
      <div class="buttons">
        <button type="button" onClick={onLeave}>
          Leave it
        </button>
        <button type="submit" class={look} autofocus={isUrgent} disabled={consent.isSending}>
          {consent.isSending ? 'Sending…' : confirm}
        </button>
      </div>
    </>
  );
}

/** The end of such a form: the token, or why none does it, and what is pressed. */
export function ConsentFields(props: ConsentProps) {
  const { fault, isForPasskeys, isSending, mayUsePasskey, setToken, signing, submit, token } = props.consent;
  if (props.consent.isSessionEnough) return <SessionFields {...props} />;
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
