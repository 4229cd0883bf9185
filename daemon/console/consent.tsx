import type { RefObject } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { ask, describeFault } from './api.ts';
import { actByPasskey } from './session.ts';
import { passkeys } from './store.ts';
import { TokenField } from './token-field.tsx';
import { hasPasskeys } from './webauthn.ts';

export interface ActRequest {
  readonly method: 'POST' | 'PUT';
  readonly path: string;
  readonly body: unknown;
}

/** What a form needs to send something for which the session is not enough. */
export interface Consent {
  readonly form: RefObject<HTMLFormElement | null>;
  readonly token: string;
  readonly setToken: (token: string) => void;
  readonly fault: string | null;
  readonly isSending: boolean;
  readonly isForPasskeys: boolean;
  readonly mayUsePasskey: boolean;
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
      const { body, method, path } = options.request();
      options.onDone(
        isByPasskey
          ? await actByPasskey<Answer>(method, path, body)
          : await ask<Answer>(method, path, { bearer: token.trim(), body }),
      );
    } catch (failure) {
      setFault(describeFault(failure));
      setToken('');
    } finally {
      setSending(false);
    }
  };
  return { form, token, setToken, fault, isSending, isForPasskeys: options.isForPasskeys, mayUsePasskey, submit };
}

/** The end of such a form: the token, or why none does it, and what is pressed. */
export function ConsentFields(props: {
  readonly consent: Consent;
  readonly confirm: string;
  readonly look: 'danger' | 'primary';
  readonly onLeave: () => void;
}) {
  const { fault, isForPasskeys, isSending, mayUsePasskey, setToken, submit, token } = props.consent;
  return (
    <>
      {isForPasskeys ? (
        <p class="fault" role="alert">
          {mayUsePasskey || fault !== null ? fault : 'No passkey is in force here.'}
        </p>
      ) : (
        <TokenField
          label="Operator token"
          value={token}
          onInput={setToken}
          fault={fault === null ? null : `${fault} Nothing is known to have been done.`}
        />
      )}
      <div class="buttons">
        <button type="button" onClick={props.onLeave}>
          Leave it
        </button>
        {mayUsePasskey ? (
          <button type="button" disabled={isSending} onClick={(event) => submit(event, true)}>
            Use a passkey
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
