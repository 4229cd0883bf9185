import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { markDirty } from '../state/store.ts';
import { ConsentFields, useConsent } from './consent.tsx';
import type { ActRequest } from './signing.ts';

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
  /** The reason that is recorded where none is given; absent: one has to be given. */
  readonly reasonElse?: string;
  /** It tightens, for which the session is enough. */
  readonly isBySession?: boolean;
  /** Nothing has to be given before it is done: the keyboard is at the end. */
  readonly isUrgent?: boolean;
  readonly send: (given: { readonly reason: string; readonly scope: string }) => ActRequest;
  /** What the answer says of what was done. */
  readonly describe: (answer: unknown, scope: string) => string;
}
export interface ActScope {
  readonly value: string;
  readonly label: string;
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
  'readiness',
  'tokens',
] as const;

/** States the effect and asks for consent. */
export function ActDialog() {
  const current = act.value;
  return current === null ? null : <OpenDialog key={current.title} act={current} />;
}

function OpenDialog({ act: current }: { readonly act: Act }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [reason, setReason] = useState('');
  const [scope, setScope] = useState(current.scopes?.[0]?.value ?? '');
  const [title, effect] = [useId(), useId()];
  useEffect(() => dialog.current?.showModal(), []);
  const close = (): void => {
    act.value = null;
  };
  const consent = useConsent<unknown>({
    isForPasskeys: current.isForPasskeys === true,
    isBySession: current.isBySession === true,
    request: () => current.send({ reason: reason.trim() || (current.reasonElse ?? ''), scope }),
    onDone: (answer) => {
      done.value = current.describe(answer, scope);
      markDirty(...CHANGED);
      close();
    },
  });
  return (
    <dialog
      ref={dialog}
      class={current.isGrave === true ? 'grave' : ''}
      onClose={close}
      aria-labelledby={title}
      aria-describedby={effect}
    >
      <form
        ref={consent.form}
        onSubmit={(event) => consent.submit(event, consent.isForPasskeys)}
        onInput={consent.onChange}
        autocomplete="off"
      >
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
            Reason, for the record{current.reasonElse === undefined ? '' : ' (optional)'}
            <input
              name="reason"
              required={current.reasonElse === undefined}
              maxLength={400}
              value={reason}
              onInput={(event) => setReason(event.currentTarget.value)}
            />
          </label>
        ) : null}
        <ConsentFields
          consent={consent}
          confirm={current.confirm}
          isUrgent={current.isUrgent === true}
          look={current.isGrave === true ? 'danger' : 'primary'}
          onLeave={close}
        />
      </form>
    </dialog>
  );
}
