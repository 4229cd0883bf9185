import { Fragment } from 'preact';
import { showText } from '../parts.tsx';
import { session } from '../session/session.ts';

/** Which daemon an act is for. */
export function TargetLine() {
  const target = session.value?.target;
  if (target === undefined) return null;
  return (
    <p class="target">
      <strong>{target.venue}</strong>, account {target.account}, at <code>{target.address}</code>, home{' '}
      <code>{target.home}</code>
    </p>
  );
}

/** What a passkey or the token signs, from the text itself; null: nothing is signed. */
export function SignedText(props: {
  readonly text: string | null;
  /** The text that it names by its digest. */
  readonly digested?: string | undefined;
}) {
  const { digested, text } = props;
  return (
    <div class="signed" role="status">
      {text === null ? null : <Signed text={text} digested={digested} />}
    </div>
  );
}

type Members = Readonly<Record<string, unknown>>;
/** Of an act what it sends; of anything else every member. */
function Signed({ digested, text }: { readonly text: string; readonly digested: string | undefined }) {
  const { body, method, path, ...rest } = JSON.parse(text) as Members;
  const members = method === undefined ? rest : ((body ?? {}) as Members);
  return (
    <>
      <p>Signed is {method === undefined ? 'a text with' : <code>{`${method} ${path}`}</code>}</p>
      <div class="signed-facts" tabIndex={0} role="region" aria-label="Members of what is signed">
        <Facts members={members} />
        {digested === undefined ? null : (
          <>
            <p>The digest is of</p>
            <Facts members={JSON.parse(digested) as Members} />
          </>
        )}
      </div>
      <details>
        <summary>Exact text</summary>
        <pre class="scroll" tabIndex={0} role="region" aria-label="Text that is signed">
          {showText(text, Number.POSITIVE_INFINITY)}
        </pre>
      </details>
    </>
  );
}

function Facts({ members }: { readonly members: Members }) {
  return (
    <dl class="facts">
      {Object.entries(members).map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>
            <bdi>{showText(typeof value === 'string' ? value : JSON.stringify(value))}</bdi>
          </dd>
        </Fragment>
      ))}
    </dl>
  );
}
