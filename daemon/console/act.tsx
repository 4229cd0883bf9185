import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { ask, describeFault } from './api.ts';
import { actByPasskey } from './session.ts';
import { markDirty, passkeys } from './store.ts';
import { TokenField } from './token-field.tsx';
import { hasPasskeys } from './webauthn.ts';

/** What an act needs beside the token, and what it sends. */
export interface Act {
  readonly title: string;
  /** What will be so afterwards, in full sentences. */
  readonly effect: ComponentChildren;
  readonly confirm: string;
  readonly isGrave?: boolean;
  /** No token does it. */
  readonly isForPasskeys?: boolean;
  readonly scopes?: readonly ActScope[];
  readonly needsReason: boolean;
  readonly send: (given: { readonly reason: string; readonly scope: string }) => ActRequest;
  /** What the answer says of what was done. */
  readonly describe: (answer: unknown, scope: string) => string;
}
export interface ActScope {
  readonly value: string;
  readonly label: string;
}
export interface ActRequest {
  readonly method: 'POST' | 'PUT';
  readonly path: string;
  readonly body: unknown;
}
export const act = signal<Act | null>(null);
/** What was done last, for the status line and screen readers. */
export const done = signal<string | null>(null);

/** What an act may have changed. */
const CHANGED = [
  'state',
  'orders',
  'positions',
  'limits',
  'signals',
  'alerts',
  'approvals',
  'passkeys',
  'policy',
  'tokens',
] as const;

/** States the effect and asks for the operator token or a passkey: the session can only look. Neither is kept. */
export function ActDialog() {
  const current = act.value;
  return current === null ? null : <OpenDialog key={current.title} act={current} />;
}

function OpenDialog({ act: current }: { readonly act: Act }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const form = useRef<HTMLFormElement>(null);
  const mayUsePasskey = hasPasskeys && (passkeys.value?.passkeys ?? []).some((key) => key.state === 'in_force');
  const [reason, setReason] = useState('');
  const [scope, setScope] = useState(current.scopes?.[0]?.value ?? '');
  const [token, setToken] = useState('');
  const [fault, setFault] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);
  const [title, effect] = [useId(), useId()];
  useEffect(() => dialog.current?.showModal(), []);

  const close = (): void => {
    act.value = null;
  };
  const send = async (event: Event, isByPasskey: boolean): Promise<void> => {
    event.preventDefault();
    // What is missing but the token is said where it is missing.
    if (isSending || (isByPasskey && form.current?.querySelector('input[name=reason]:invalid') !== null)) {
      form.current?.querySelector<HTMLInputElement>('input[name=reason]')?.reportValidity();
      return;
    }
    setSending(true);
    setFault(null);
    try {
      const { method, path, body } = current.send({ reason: reason.trim(), scope });
      const answer = isByPasskey
        ? await actByPasskey<unknown>(method, path, body)
        : await ask<unknown>(method, path, { bearer: token.trim(), body });
      done.value = current.describe(answer, scope);
      markDirty(...CHANGED);
      close();
    } catch (failure) {
      setFault(describeFault(failure));
      setToken('');
    } finally {
      setSending(false);
    }
  };
  return (
    <dialog
      ref={dialog}
      class={current.isGrave === true ? 'grave' : ''}
      onClose={close}
      aria-labelledby={title}
      aria-describedby={effect}
    >
      <form ref={form} onSubmit={(event) => send(event, current.isForPasskeys === true)} autocomplete="off">
        <h2 id={title}>{current.title}</h2>
        <div id={effect} class="effect">
          {current.effect}
        </div>
        {current.scopes === undefined ? null : (
          <label>
            For
            <select name="scope" value={scope} onChange={(event) => setScope(event.currentTarget.value)}>
              {current.scopes.map(({ value, label }) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          </label>
        )}
        {current.needsReason ? (
          <label>
            Reason, for the record
            <input
              name="reason"
              required
              maxLength={400}
              value={reason}
              onInput={(event) => setReason(event.currentTarget.value)}
            />
          </label>
        ) : null}
        {current.isForPasskeys === true ? (
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
          <button type="button" onClick={close}>
            Leave it
          </button>
          {mayUsePasskey ? (
            <button type="button" disabled={isSending} onClick={(event) => send(event, true)}>
              Use a passkey
            </button>
          ) : null}
          {current.isForPasskeys === true ? null : (
            <button type="submit" class={current.isGrave === true ? 'danger' : 'primary'} disabled={isSending}>
              {isSending ? 'Sending…' : current.confirm}
            </button>
          )}
        </div>
      </form>
    </dialog>
  );
}
