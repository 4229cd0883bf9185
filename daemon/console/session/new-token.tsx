import { signal } from '@preact/signals';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { TokenCreatedBody } from '../../contract/types/tokens.ts';
import { profileOf } from '../../core/venues.ts';
import { done } from '../acts/act.tsx';
import { ConsentFields, useConsent } from '../acts/consent.tsx';
import { clock } from '../format.ts';
import { markDirty, readiness } from '../state/store.ts';

const DAY_MS = 86_400_000;
const LIVES = [1, 7, 30, 90];
type TokenRole = 'agent' | 'monitor';

export const isCreatingToken = signal(false);
const close = (): void => {
  isCreatingToken.value = false;
};

/** Creates a token of an agent or a monitor, and shows it once: it is in the memory of this dialog, and nowhere else. */
export function NewTokenDialog() {
  return isCreatingToken.value ? <OpenDialog /> : null;
}

function OpenDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [made, setMade] = useState<TokenCreatedBody | null>(null);
  const [title, effect] = [useId(), useId()];
  useEffect(() => {
    dialog.current?.showModal();
    // A session that ends takes the dialog with it.
    return close;
  }, []);
  const finish = (created: TokenCreatedBody): void => {
    const { id, name, role } = created.token;
    done.value = `Token ${id} of ${role} ${name} is created.`;
    markDirty('tokens', 'alerts');
    setMade(created);
  };
  return (
    <dialog ref={dialog} class="grave" onClose={close} aria-labelledby={title} aria-describedby={effect}>
      {made === null ? (
        <AskForm title={title} effect={effect} onCreated={finish} />
      ) : (
        <Shown title={title} effect={effect} created={made} />
      )}
    </dialog>
  );
}

interface Labels {
  /** Ids of the heading and of what says the effect. */
  readonly title: string;
  readonly effect: string;
}

function AskForm({ title, effect, onCreated }: Labels & { readonly onCreated: (created: TokenCreatedBody) => void }) {
  const [role, setRole] = useState<TokenRole>('agent');
  const [name, setName] = useState('');
  const [days, setDays] = useState(30);
  const consent = useConsent<TokenCreatedBody>({
    isForPasskeys: readiness.value === null || !profileOf(readiness.value.venue).isSimulated,
    request: () => ({ method: 'POST', path: '/v1/tokens', body: { role, name: name.trim(), ttl_ms: days * DAY_MS } }),
    onDone: onCreated,
  });
  return (
    <form
      ref={consent.form}
      onSubmit={(event) => consent.submit(event, consent.isForPasskeys)}
      onInput={consent.onChange}
      autocomplete="off"
    >
      <h2 id={title}>Create a token</h2>
      <p id={effect} class="effect">
        {effectOf(role, name.trim(), days)}
      </p>
      <Choices role={role} onRole={setRole} days={days} onDays={setDays} name={name} onName={setName} />
      <ConsentFields consent={consent} confirm="Create the token" look="danger" onLeave={close} />
    </form>
  );
}

/** What whoever holds it may do. */
function effectOf(role: TokenRole, name: string, days: number): string {
  const end = `for ${days === 1 ? 'one day' : `${days} days`}, or until it is revoked`;
  if (role === 'monitor')
    return `Whoever holds it sees the whole account and may post signals, which only tighten, ${end}. It is shown once.`;
  const agent = name === '' ? 'this agent' : name;
  return `Whoever holds it trades as ${agent}, within the policy’s limits for ${agent} and with its orders and positions, ${end}. It is shown once.`;
}

function Choices(props: {
  readonly role: TokenRole;
  readonly onRole: (role: TokenRole) => void;
  readonly name: string;
  readonly onName: (name: string) => void;
  readonly days: number;
  readonly onDays: (days: number) => void;
}) {
  return (
    <>
      <label>
        Role
        <select
          name="role"
          value={props.role}
          onChange={(event) => props.onRole(event.currentTarget.value as TokenRole)}
        >
          <option value="agent">agent: trades</option>
          <option value="monitor">monitor: looks, and posts signals</option>
        </select>
      </label>
      <label>
        {props.role === 'agent' ? 'Agent that it acts for' : 'Name, for the record'}
        <input
          name="name"
          required
          maxLength={64}
          pattern="[A-Za-z0-9][A-Za-z0-9_.\-]*"
          title="Letters, digits, _ . - and no spaces"
          spellcheck={false}
          value={props.name}
          onInput={(event) => props.onName(event.currentTarget.value)}
        />
      </label>
      <label>
        Valid for
        <select
          name="days"
          value={String(props.days)}
          onChange={(event) => props.onDays(Number(event.currentTarget.value))}
        >
          {LIVES.map((each) => (
            <option key={each} value={String(each)}>
              {each === 1 ? 'one day' : `${each} days`}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

function Shown({ title, effect, created: { token, secret } }: Labels & { readonly created: TokenCreatedBody }) {
  const field = useRef<HTMLInputElement>(null);
  const [reported, setReported] = useState('');
  useEffect(() => field.current?.select(), []);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(secret);
      setReported('Copied.');
    } catch {
      field.current?.select();
      setReported('The browser does not copy here: it is selected, copy it by hand.');
    }
  };
  return (
    <div class="shown">
      <h2 id={title}>
        Token of {token.role} {token.name}
      </h2>
      <p id={effect} class="effect">
        This is the only time it is shown: copy it now, to where it belongs. It expires at{' '}
        {token.expires_at_ms === null ? 'no time' : clock(token.expires_at_ms)}.
      </p>
      <label>
        Token {token.id}
        <input ref={field} name="secret" class="code" readOnly autocomplete="off" spellcheck={false} value={secret} />
      </label>
      <p role="status">{reported}</p>
      <div class="buttons">
        <button type="button" onClick={copy}>
          Copy
        </button>
        <button type="button" class="primary" onClick={close}>
          I have it
        </button>
      </div>
    </div>
  );
}
